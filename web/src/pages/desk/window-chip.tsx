// WhatsApp's 24 hours: how long one may still write freely. It is shown once there is little left of them.

import { memo } from "react";

import type { Chat } from "../../api/types";
import { exact, short } from "../../i18n/format";
import { useLanguage } from "../../i18n/language";
import { windowOf } from "../../live/sla";
import { Icon } from "../../ui/icon";
import { useTicking } from "../../ui/ticker";

export const WindowChip = memo(function WindowChip({ chat }: { chat: Chat }) {
  const { language, say } = useLanguage();
  const shown = useTicking((now) => {
    const { open, left, tone } = windowOf(chat, now);
    if (!open) return "closed";
    return tone === "ok" ? "" : short(left);
  });
  if (shown === "") return null;
  if (shown === "closed") return <span className="chip"><Icon name="lock" size={12} />{say("window.closed")}</span>;
  const at = chat.windowClosesAt === null ? "" : exact(language, Date.parse(chat.windowClosesAt));
  return <span className="chip warn" title={at}><Icon name="clock" size={12} />{say("window.left", { time: shown })}</span>;
});
