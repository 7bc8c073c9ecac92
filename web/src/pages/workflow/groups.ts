// The lines of a ledger by what they are about.

export const groups = ["all", "flow", "people", "clocks", "sends"] as const;
export type Group = (typeof groups)[number];

/** Who has the chat, and where it stands. */
const people = new Set([
  "assigned", "attention", "chat_opened", "closed", "close_gave_way", "moved", "move_refused", "queued", "queue_checked",
  "reopened", "transferred",
]);

export function groupOf(kind: string): Exclude<Group, "all"> {
  if (kind.startsWith("timer_")) return "clocks";
  if (kind.startsWith("send_")) return "sends";
  return people.has(kind) ? "people" : "flow";
}
