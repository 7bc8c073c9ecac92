// What the state of the installation means for messages, as one sentence and what follows from it.

import type { Watch } from "../live/watch";
import type { Key } from "../i18n/messages";

/** `other`: something is away that this build does not know. */
export type Verdict = "asking" | "ready" | "temporal" | "redis" | "both" | "other" | "postgres" | "lost";

export function verdictOf({ phase, last }: Watch): Verdict {
  if (phase === "lost") return "lost";
  if (!last) return "asking";
  const away = (name: string) => last.readiness.degraded.includes(name);
  if (away("postgres")) return "postgres";
  if (away("temporal")) return away("redis") ? "both" : "temporal";
  if (away("redis")) return "redis";
  return last.readiness.degraded.length > 0 ? "other" : "ready";
}

export const words: Record<Verdict, { sentence: Key; short: Key; meaning: Key }> = {
  asking: { sentence: "state.asking", short: "state.asking.short", meaning: "state.asking.meaning" },
  ready: { sentence: "state.ready", short: "state.ready.short", meaning: "state.ready.meaning" },
  temporal: { sentence: "state.temporal", short: "state.temporal.short", meaning: "state.temporal.meaning" },
  redis: { sentence: "state.redis", short: "state.redis.short", meaning: "state.redis.meaning" },
  both: { sentence: "state.both", short: "state.both.short", meaning: "state.both.meaning" },
  other: { sentence: "state.other", short: "state.other.short", meaning: "state.other.meaning" },
  postgres: { sentence: "state.postgres", short: "state.postgres.short", meaning: "state.postgres.meaning" },
  lost: { sentence: "state.lost", short: "state.lost.short", meaning: "state.lost.meaning" },
};
