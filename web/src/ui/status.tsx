// Where a chat stands, and where a message does: an icon and a word, never a colour alone.

import { memo } from "react";

import type { ChatStatus, Message } from "../api/types";
import { useLanguage } from "../i18n/language";
import type { Key } from "../i18n/messages";
import { Icon, type IconName } from "./icon";

const chats: Record<ChatStatus, { word: Key; icon: IconName }> = {
  new: { word: "status.new", icon: "new" },
  bot: { word: "status.bot", icon: "bot" },
  queued: { word: "status.queued", icon: "queue" },
  assigned: { word: "status.assigned", icon: "assigned" },
  active: { word: "status.active", icon: "active" },
  pending: { word: "status.pending", icon: "pending" },
  transferred: { word: "status.transferred", icon: "swap" },
  closed: { word: "status.closed", icon: "closed" },
};

export const Status = memo(function Status({ status }: { status: ChatStatus }) {
  const { say } = useLanguage();
  const { word, icon } = chats[status];
  return <span className={`status ${status}`}><Icon name={icon} size={14} />{say(word)}</span>;
});

type Sent = NonNullable<Message["status"]>;

const ticks: Record<Sent, { word: Key; icon: IconName }> = {
  pending: { word: "tick.pending", icon: "clock" },
  sent: { word: "tick.sent", icon: "check" },
  delivered: { word: "tick.delivered", icon: "checks" },
  read: { word: "tick.read", icon: "checks" },
  failed: { word: "tick.failed", icon: "x" },
  uncertain: { word: "tick.uncertain", icon: "loose" },
};

/** What is unusual says its word; the rest has it for those who cannot see the sign, and under the pointer. */
export const Tick = memo(function Tick({ status, small = false }: { status: Sent; small?: boolean }) {
  const { say } = useLanguage();
  const { word, icon } = ticks[status];
  const said = !small && (status === "failed" || status === "uncertain");
  return (
    <span className={`tick ${status}`} title={say(word)}>
      <Icon name={icon} size={small ? 12 : 14} /><span className={said ? "" : "unseen"}>{say(word)}</span>
    </span>
  );
});
