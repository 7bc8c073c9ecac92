// What the lines of a ledger are about.

import type { LedgerItem } from "../api/types";

/** `decisions` is what a person asks for first; the steps between them are in `all`. */
export const groups = ["decisions", "all", "people", "clocks", "sends"] as const;
export type Group = (typeof groups)[number];

/** Who has the chat, and where it stands. */
const people = new Set([
  "assigned", "attention", "chat_opened", "closed", "close_gave_way", "command", "command_missing", "moved", "move_refused",
  "queued", "queue_checked", "reopened",
]);

export function isOf(group: Group, item: LedgerItem): boolean {
  switch (group) {
    case "all": return true;
    case "decisions": return isDecision(item);
    case "people": return people.has(item.kind) && !isTrace(item);
    case "clocks": return item.kind.startsWith("timer_");
    case "sends": return item.kind.startsWith("send_");
  }
}

/** What the bot's engine did, step by step; some of its words are those of other lines. */
export const isTrace = ({ detail }: LedgerItem): boolean =>
  typeof detail === "object" && detail !== null && "trace" in detail;

const turns = new Set([
  "flow_started", "queued", "assigned", "closed", "reopened", "attention", "bot_failed", "timer_fired", "send_failed",
  "send_uncertain",
]);
const steps = new Set(["matched", "evaluated", "command", "invalid", "fault"]);

/** What a person would call a decision; the rest keeps a conversation running. */
export const isDecision = (item: LedgerItem): boolean => isTrace(item) ? steps.has(item.kind) : turns.has(item.kind);
