// What a page that keeps asking knows about the installation: the last answer, whether there still is one, and what
// changed while it looked. Pure: the moments come from whoever asks.

import type { Readiness } from "../api/readiness";

export type Watch = {
  /** `asking` until the first outcome; `lost` while the last question had no answer. */
  phase: "asking" | "heard" | "lost";
  /** The last answer and when it came. */
  last?: { readiness: Readiness; at: number };
  /** Since when there is no answer, for `lost`. */
  lostAt?: number;
  /** Since when each service that is away has been away. */
  awaySince: Readonly<Record<string, number>>;
  /** What happened, oldest first, the latest few. */
  moments: readonly Moment[];
};

export type Moment = { at: number } & (
  | { kind: "opened" }
  | { kind: "away"; service: string; atFirst: boolean }
  | { kind: "back"; service: string; lasted: number }
  | { kind: "lost"; atFirst: boolean }
  | { kind: "found"; lasted: number }
);

export type Outcome = { at: number; readiness: Readiness | undefined };

export const unknown: Watch = { phase: "asking", awaySince: {}, moments: [] };

const KEPT = 6;

/** What is known after one more question. */
export function after(watch: Watch, { at, readiness }: Outcome): Watch {
  return readiness ? heard(watch, readiness, at) : lost(watch, at);
}

function lost(watch: Watch, at: number): Watch {
  if (watch.phase === "lost") return watch;
  const moment: Moment = { kind: "lost", at, atFirst: watch.last === undefined };
  return { ...watch, phase: "lost", lostAt: at, moments: kept([...watch.moments, moment]) };
}

function heard(watch: Watch, readiness: Readiness, at: number): Watch {
  const moments: Moment[] = [...watch.moments];
  if (watch.lostAt !== undefined) moments.push({ kind: "found", at, lasted: at - watch.lostAt });
  else if (!watch.last) moments.push({ kind: "opened", at });

  for (const [service, since] of Object.entries(watch.awaySince)) {
    if (!readiness.degraded.includes(service)) moments.push({ kind: "back", at, service, lasted: at - since });
  }
  const awaySince: Record<string, number> = {};
  for (const service of readiness.degraded) {
    const since = watch.awaySince[service];
    if (since === undefined) moments.push({ kind: "away", at, service, atFirst: watch.last === undefined });
    awaySince[service] = since ?? at;
  }
  return { phase: "heard", last: { readiness, at }, awaySince, moments: kept(moments) };
}

const kept = (moments: Moment[]) => moments.slice(-KEPT);
