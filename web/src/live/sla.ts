// The clocks of a chat: what is due, how urgent it is, and what became of what was due before.

import type { Chat } from "../api/types";
import type { Tone } from "../ui/chip";
import { dueAt } from "./place";

/** `until` runs towards a moment, `over` since it; `kept` is done, after so long; `waiting` has no deadline. */
export type Clock =
  | { phase: "until" | "over"; at: number; tone: Tone }
  | { phase: "kept"; took: number; tone: Tone }
  | { phase: "waiting"; since: number; tone: Tone };

/** Below this share of the time that was promised, or this little of it, there is a risk. */
const RISK = 0.25;
const LITTLE = 30_000;

/** The clock of the first reply. */
export function firstReply(chat: Chat, now: number): Clock | undefined {
  const queued = chat.queuedAt === null ? undefined : Date.parse(chat.queuedAt);
  const due = dueAt(chat);
  if (due !== undefined) {
    if (now >= due) return { phase: "over", at: due, tone: "breach" };
    const left = due - now;
    const promised = queued === undefined ? 0 : due - queued;
    return { phase: "until", at: due, tone: left <= Math.max(LITTLE, promised * RISK) ? "warn" : "ok" };
  }
  if (chat.firstReplyAt !== null && queued !== undefined) {
    const late = chat.sla.breachedAt !== null;
    return { phase: "kept", took: Date.parse(chat.firstReplyAt) - queued, tone: late ? "breach" : "ok" };
  }
  const waits = chat.status === "queued" ? chat.waitingSince ?? chat.queuedAt : null;
  return waits === null ? undefined : { phase: "waiting", since: Date.parse(waits), tone: "warn" };
}

const WINDOW_RISK = 2 * 3_600_000;

/** WhatsApp's 24 hours: how much of them is left, and whether it is little. */
export function windowOf({ windowClosesAt }: Chat, now: number): { open: boolean; left: number; tone: Tone } {
  const left = windowClosesAt === null ? 0 : Date.parse(windowClosesAt) - now;
  return { open: left > 0, left, tone: left > WINDOW_RISK ? "ok" : "warn" };
}
