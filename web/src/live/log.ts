// What was said in a chat, in order and each message once, whichever way and however often it arrives: by the list, by
// an event, by catching up, or as the answer to a reply.

import type { Message } from "../api/types";

/** `older` is where the list goes on backwards; null at the beginning of the chat. */
export type Log = { messages: readonly Message[]; older: string | null };

/** Adds what is new and takes over what has changed. */
export function merge(log: Log, arrived: readonly Message[]): Log {
  const known = new Map(log.messages.map((message) => [message.id, message]));
  let changed = false;
  for (const message of arrived) {
    const before = known.get(message.id);
    if (before && !isNews(before, message)) continue;
    known.set(message.id, before ? { ...before, ...message } : message);
    changed = true;
  }
  return changed ? { ...log, messages: [...known.values()].sort(inOrder) } : log;
}

/** The last number that is known to have been given; a chat is caught up on from there. */
export function lastSeq(log: Log): number | undefined {
  const seqs = log.messages.flatMap(({ seq }) => seq ?? []);
  return seqs.length > 0 ? Math.max(...seqs) : undefined;
}

/** Numbers decide. What has none yet is still under way, and stands behind all that has. */
function inOrder(a: Message, b: Message): number {
  if (a.seq !== null && b.seq !== null) return a.seq - b.seq;
  if (a.seq === null && b.seq === null) return a.at.localeCompare(b.at) || a.id.localeCompare(b.id);
  return a.seq === null ? 1 : -1;
}

const progress = { pending: 0, uncertain: 1, sent: 2, failed: 3, delivered: 4, read: 5 };

/** News may overtake each other; a tick never goes back. */
function isNews(before: Message, after: Message): boolean {
  const rank = ({ status }: Message) => status ? progress[status] : -1;
  if (rank(after) < rank(before)) return false;
  return JSON.stringify({ ...before, ...after }) !== JSON.stringify(before);
}
