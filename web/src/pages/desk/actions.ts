// What somebody may do to a chat now: what the legal moves, its holder and one's permissions leave. The server decides
// again; this only keeps buttons away that it would refuse.

import { may } from "../../api/me";
import type { Chat, Me } from "../../api/types";

export const actions = [
  "take", "reply", "note", "transfer", "assign", "snooze", "returnToBot", "priority", "close", "reopen",
] as const;
export type Action = (typeof actions)[number];

export function actionsFor(chat: Chat, me: Me): ReadonlySet<Action> {
  const mine = chat.agentId === me.id;
  const over = may(me, "chats.assign");
  const acts = mine || over;
  const { status } = chat;
  const open = status !== "closed";
  const withPeople = status === "queued" || status === "assigned" || status === "active" || status === "pending";
  const allowed: Record<Action, boolean> = {
    take: open && !mine && may(me, "chats.update") && (chat.agentId === null || over),
    reply: mine && may(me, "whatsapp.send.message") && (status === "assigned" || status === "active"),
    note: may(me, "chats.update"),
    transfer: withPeople && acts && may(me, "chats.transfer"),
    assign: (withPeople || status === "bot") && over,
    snooze: status === "active" && acts && may(me, "chats.update"),
    returnToBot: withPeople && acts && may(me, "chats.update"),
    priority: open && acts && may(me, "chats.update"),
    close: open && status !== "new" && acts && may(me, "chats.close"),
    reopen: !open && may(me, "chats.update"),
  };
  return new Set(actions.filter((action) => allowed[action]));
}
