// How far a conversation has been heard. Its events are numbered without gaps, so a number that is skipped tells that
// something was missed.

export type Heard = { upTo: number; missed: boolean };

/** What `upTo` becomes with an event of this number. After a gap it stays: what is missing is asked for from there. */
export function hear(upTo: number, seq: number): Heard {
  if (seq <= upTo) return { upTo, missed: false };
  return seq === upTo + 1 ? { upTo: seq, missed: false } : { upTo, missed: true };
}
