// `GET /readyz`: what the gateway says about itself and about what it depends on.

export const services = ["postgres", "temporal", "redis"] as const;
export type Service = (typeof services)[number];

/** Who does not answer the gateway; names that this build does not know are kept. */
export type Readiness = { degraded: readonly string[] };

/** Longer than the gateway takes to give up on what it depends on. */
const PATIENCE = 4_000;

/** Asks the gateway. Fails when it does not answer, or something else answers in its place. */
export async function askReadiness(cancelled: AbortSignal): Promise<Readiness> {
  const signal = AbortSignal.any([cancelled, AbortSignal.timeout(PATIENCE)]);
  const answer = await fetch("/readyz", { signal, cache: "no-store", headers: { accept: "application/json" } });
  // 503 has the same shape: it is an answer, and a clear one.
  if (!answer.ok && answer.status !== 503) throw new Error(`unexpected status ${answer.status}`);
  return readReadiness(await answer.json());
}

export function readReadiness(body: unknown): Readiness {
  if (typeof body === "object" && body !== null && "degraded" in body && Array.isArray(body.degraded)) {
    const degraded: unknown[] = body.degraded;
    if (degraded.every((name) => typeof name === "string")) return { degraded };
  }
  throw new Error("this is no answer of a gateway");
}
