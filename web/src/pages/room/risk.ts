// How a queue stands: by its longest wait, measured against what its campaign promises.

import type { Queue } from "../../api/types";
import type { Tone } from "../../ui/chip";

export type Risk = Extract<Tone, "ok" | "warn" | "breach">;

const SHARE = 0.7;

/** `limit` in milliseconds; without a promise nothing is at risk. */
export function riskOf(waited: number | undefined, limit: number | undefined): Risk {
  if (waited === undefined || limit === undefined) return "ok";
  if (waited >= limit) return "breach";
  return waited >= limit * SHARE ? "warn" : "ok";
}

const rank: Record<Risk, number> = { breach: 0, warn: 1, ok: 2 };

type LimitOf = (queue: Queue) => number | undefined;

/** The worst first, and of those that stand alike the one with more that wait. */
export function worstFirst(queues: readonly Queue[], limitOf: LimitOf, now: number): Queue[] {
  const standing = (queue: Queue) => {
    const waited = queue.oldestSince === null ? undefined : now - Date.parse(queue.oldestSince);
    return { risk: rank[riskOf(waited, limitOf(queue))], waited: waited ?? -1 };
  };
  return [...queues].sort((a, b) => {
    const [first, second] = [standing(a), standing(b)];
    return first.risk - second.risk || second.waited - first.waited
      || b.waiting - a.waiting || a.name.localeCompare(b.name);
  });
}
