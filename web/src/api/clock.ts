// The server's time. Countdowns end when the server says so, whatever the clock of this machine shows.

/** Below this the header's whole seconds and the way here say more than the difference does. */
const TOLERANCE = 2_000;

let offset = 0;

/** Takes the `Date` of an answer. */
export function noteServerTime(header: string | null, local = Date.now()): void {
  const server = header === null ? NaN : Date.parse(header);
  if (Number.isNaN(server)) return;
  const difference = server - local;
  offset = Math.abs(difference) < TOLERANCE ? 0 : difference;
}

export const serverNow = (): number => Date.now() + offset;
