// A conversation as one thread: on the left beside the client's words, on the right beside ours, crossing over where
// somebody decided something. Each row knows its own piece of it.

import { days } from "../../i18n/format";
import type { LedgerItem, Message, Note } from "../../api/types";
import { isTrace } from "../../live/ledger";
import type { Sending } from "../../live/outbox";

type Side = "left" | "right";

type What =
  | { kind: "message"; message: Message }
  | { kind: "note"; note: Note }
  | { kind: "sending"; sending: Sending }
  | { kind: "decision"; item: LedgerItem };

/** `knot`: the first of a run on its side; `crosses`: the thread changes sides before it. */
export type Row = What & { key: string; side: Side; knot: boolean; crosses: boolean; day: number | undefined };

type Said = {
  messages: readonly Message[];
  notes: readonly Note[];
  decisions: readonly LedgerItem[];
  sendings: readonly Sending[];
};

/** What a client and an agent would want to be told of; the rest of the ledger is on the chat's own page. */
const TOLD = new Set(["queued", "assigned", "closed", "reopened"]);

export function weave({ messages, notes, decisions, sendings }: Said): Row[] {
  const from = messages[0]?.at ?? "";
  const entries: { at: number; rank: number; what: What }[] = [
    ...messages.map((message) => ({ at: Date.parse(message.at), rank: 1, what: { kind: "message", message } as const })),
    ...notes.map((note) => ({ at: Date.parse(note.at), rank: 2, what: { kind: "note", note } as const })),
    ...decisions.filter((item) => TOLD.has(item.kind) && !isTrace(item) && item.at >= from)
      .map((item) => ({ at: Date.parse(item.at), rank: 0, what: { kind: "decision", item } as const })),
  ];
  // Messages keep the order of their numbers, whatever their clocks say; the rest goes between them by its time.
  const order = new Map(messages.map(({ id }, at) => [id, at]));
  entries.sort((a, b) => a.what.kind === "message" && b.what.kind === "message"
    ? (order.get(a.what.message.id) ?? 0) - (order.get(b.what.message.id) ?? 0)
    : a.at - b.at || a.rank - b.rank);
  for (const sending of sendings) entries.push({ at: Date.parse(sending.at), rank: 3, what: { kind: "sending", sending } });

  const rows: Row[] = [];
  let side: Side = "left";
  let spoke: Side | undefined;
  let day: number | undefined;
  for (const { at, what } of entries) {
    const next: Side = sideOf(what) ?? side;
    const newDay = day === undefined || days(at, day) !== 0;
    const talks = what.kind === "message" || what.kind === "sending";
    rows.push({
      ...what, key: keyOf(what), side: next, crosses: rows.length > 0 && next !== side,
      knot: !talks || spoke !== next || newDay, day: newDay ? at : undefined,
    });
    side = next;
    day = at;
    spoke = talks ? next : undefined;
  }
  return rows;
}

/** Notes and decisions happen where the thread is. */
function sideOf(what: What): Side | undefined {
  if (what.kind === "sending") return "right";
  if (what.kind !== "message") return undefined;
  return what.message.direction === "inbound" ? "left" : "right";
}

function keyOf(what: What): string {
  switch (what.kind) {
    case "message": return what.message.id;
    case "note": return what.note.id;
    case "sending": return what.sending.key;
    case "decision": return `decision-${what.item.seq}`;
  }
}
