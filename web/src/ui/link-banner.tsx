// Whether the screen hears of what happens. Nothing is blocked meanwhile: what is written goes out afterwards.

import { useEffect, useState } from "react";

import { useLanguage } from "../i18n/language";
import { link } from "../live/connection";
import { Running } from "./ago";
import { Icon } from "./icon";
import { useStore } from "./store";

/** A short interruption is nobody's business. */
const PATIENCE = 1_500;
const THANKS = 5_000;

export function LinkBanner({ waiting = 0 }: { waiting?: number }) {
  const { say } = useLanguage();
  const { phase, since, recovered } = useStore(link);
  const showing = useDelayed(phase === "lost", since, PATIENCE);
  const thanking = useBriefly(phase === "live" && recovered !== undefined, since, THANKS);
  if (phase === "lost" && showing) {
    return (
      <div className="banner warn" role="status">
        <Icon name="wifi" />
        <span><b>{say("link.lost")}</b> {waiting > 0 ? say("link.lost.waiting", { count: waiting }) : say("link.lost.meaning")}</span>
        <span className="time" aria-hidden="true"><Running at={since} past /></span>
      </div>
    );
  }
  if (!thanking) return null;
  return (
    <div className="banner ok" role="status">
      <Icon name="check" />
      <span><b>{say("link.back")}</b> {recovered ? say("link.back.recovered", { count: recovered }) : say("link.back.nothing")}</span>
    </div>
  );
}

/** True once `on` has lasted. */
function useDelayed(on: boolean, since: number, delay: number): boolean {
  const [shown, setShown] = useState<number>();
  useEffect(() => {
    if (!on) return;
    const timer = setTimeout(() => { setShown(since); }, delay);
    return () => { clearTimeout(timer); };
  }, [on, since, delay]);
  return on && shown === since;
}

/** True for a while after `on` began. */
function useBriefly(on: boolean, since: number, time: number): boolean {
  const [over, setOver] = useState<number>();
  useEffect(() => {
    if (!on) return;
    const timer = setTimeout(() => { setOver(since); }, time);
    return () => { clearTimeout(timer); };
  }, [on, since, time]);
  return on && over !== since;
}
