// The clock of a chat's first reply, as a chip that ticks by itself. The exact moment is in its tooltip.

import { memo } from "react";

import type { Chat } from "../api/types";
import { exact, short } from "../i18n/format";
import { useLanguage } from "../i18n/language";
import { firstReply } from "../live/sla";
import { type Tone } from "./chip";
import { Icon, type IconName } from "./icon";
import { useTicking } from "./ticker";

const icons: Record<Tone, IconName> = { ok: "timer", warn: "timer", breach: "warning", paused: "pause" };

/** `wide` writes the kind of the clock in full. */
export const SlaChip = memo(function SlaChip({ chat, wide = false }: { chat: Chat; wide?: boolean }) {
  const { language, say } = useLanguage();
  // One text for everything that may change, so that the chip is drawn once a second and not four times.
  const shown = useTicking((now) => {
    const clock = firstReply(chat, now);
    if (!clock) return "";
    switch (clock.phase) {
      case "until": return [clock.tone, icons[clock.tone], short(clock.at - now), clock.at].join("|");
      case "over": return [clock.tone, icons[clock.tone], say("sla.over", { time: short(now - clock.at) }), clock.at].join("|");
      case "kept": return [clock.tone, "check", say("sla.kept", { time: short(clock.took) }), ""].join("|");
      case "waiting": return [clock.tone, "queue", short(now - clock.since), ""].join("|");
    }
  });
  if (shown === "") return null;
  const [tone, icon, time, at] = shown.split("|") as [Tone, IconName, string, string];
  const kind = icon === "queue" ? say("sla.waits") : say(wide ? "sla.first" : "sla.first.short");
  return (
    <span className={`chip ${tone}`} title={at === "" ? undefined : say("sla.due", { at: exact(language, Number(at)) })}>
      <Icon name={icon} size={12} /><span className="kind">{kind}</span> {time}
    </span>
  );
});
