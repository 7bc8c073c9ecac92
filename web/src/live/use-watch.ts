// Keeps asking the gateway how it is while somebody looks, and says when it will ask again.

import { useCallback, useEffect, useReducer, useRef, useState } from "react";

import { askReadiness } from "../api/readiness";
import { after, unknown, type Watch } from "./watch";

const PAUSE = 5_000;

/** `nextAt` is undefined while a question is under way; `askNow` does not wait for it. */
export type Watching = { watch: Watch; nextAt: number | undefined; askNow: () => void };

export function useWatch(): Watching {
  const [watch, dispatch] = useReducer(after, unknown);
  const [nextAt, setNextAt] = useState<number>();
  const ask = useRef<() => void>(undefined);

  useEffect(() => {
    const over = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    let underWay = false;

    const question = async () => {
      if (underWay) return;
      underWay = true;
      clearTimeout(timer);
      setNextAt(undefined);
      const readiness = await askReadiness(over.signal).catch(() => undefined);
      underWay = false;
      if (over.signal.aborted) return;
      dispatch({ at: Date.now(), readiness });
      setNextAt(Date.now() + PAUSE);
      timer = setTimeout(ask.current ?? (() => undefined), PAUSE);
    };
    ask.current = () => void question();
    ask.current();

    // A page that was hidden, or a machine that was offline, does not wait for its turn.
    const { signal } = over;
    const seen = () => { if (document.visibilityState === "visible") ask.current?.(); };
    document.addEventListener("visibilitychange", seen, { signal });
    window.addEventListener("online", () => ask.current?.(), { signal });
    return () => {
      over.abort();
      clearTimeout(timer);
    };
  }, []);

  return { watch, nextAt, askNow: useCallback(() => ask.current?.(), []) };
}
