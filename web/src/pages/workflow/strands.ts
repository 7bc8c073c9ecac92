// A chat lying down: the client's words above, decisions in the middle, our answers below, one line through them all.
// Moments stand evenly, whatever time lies between them; the times are written beside them.

import type { LedgerItem, Message, Workflow } from "../../api/types";
import { isDecision } from "../../live/ledger";

export const lanes = ["client", "decision", "answer"] as const;
export type Lane = (typeof lanes)[number];

type Moment = { key: string; lane: Lane; at: number; words: string; future: boolean; loose: boolean };

export type Knot = Moment & { x: number; y: number };

export type Strands = { knots: Knot[]; past: string; future: string; now: number; width: number };

const STEP = 42;
const LEFT = 96;
const ROOM = 840;
const Y: Record<Lane, number> = { client: 34, decision: 82, answer: 130 };

type Told = {
  messages: readonly Message[];
  ledger: readonly LedgerItem[];
  next: Workflow["next"];
  wordsOf: (message: Message) => string;
};

export function strandsOf({ messages, ledger, next, wordsOf }: Told): Strands {
  const past: Moment[] = [
    ...messages.map((message): Moment => ({
      key: message.id, lane: message.direction === "inbound" ? "client" : "answer", at: Date.parse(message.at),
      words: wordsOf(message), future: false, loose: message.status === "uncertain",
    })),
    ...ledger.filter(isDecision).map((item): Moment => ({
      key: `why-${item.seq}`, lane: "decision", at: Date.parse(item.at), words: item.text, future: false, loose: false,
    })),
  ].sort((a, b) => a.at - b.at);
  const coming = next.filter(({ at }) => at !== null).slice(0, 4).map(({ at, what }): Moment => ({
    key: `next-${at ?? ""}-${what}`, lane: "decision", at: Date.parse(at ?? ""), words: what, future: true, loose: false,
  }));

  const room = Math.floor((ROOM - LEFT) / STEP) - coming.length - 1;
  const shown = past.slice(-Math.max(1, room));
  const put = (moment: Moment, at: number): Knot => ({ ...moment, x: LEFT + at * STEP, y: Y[moment.lane] });
  const told = shown.map(put);
  const now = LEFT + told.length * STEP;
  const ahead = coming.map((moment, at) => put(moment, told.length + 1 + at));
  const last = told.at(-1);
  return {
    knots: [...told, ...ahead], now, width: Math.max(ROOM, (ahead.at(-1)?.x ?? now) + STEP),
    past: line(told), future: last ? line([{ x: now, y: last.y }, ...ahead], last) : "",
  };
}

type Point = { x: number; y: number };

/** A curve that leaves and reaches each point level. */
function line(points: readonly Point[], from?: Point): string {
  const [first, ...rest] = from ? [from, ...points] : points;
  if (!first) return "";
  let [x, y] = [first.x, first.y];
  let path = `M${from ? x : x - 24} ${y}H${x}`;
  for (const point of rest) {
    const half = (point.x - x) / 2;
    path += `C${x + half} ${y} ${x + half} ${point.y} ${point.x} ${point.y}`;
    [x, y] = [point.x, point.y];
  }
  return path;
}
