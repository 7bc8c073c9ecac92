// Who waits for whom, and since when: the first thing that is said of a conversation.

import type { Chat } from "../../api/types";
import type { Key } from "../../i18n/messages";

/** The sentence's key, and the moment from or to which its time runs. */
export type Sentence = { key: Key; since?: number; until?: number };

export function sentenceOf(chat: Chat): Sentence {
  const { status, held, lastMessage } = chat;
  const from = (...moments: (string | null | undefined)[]) => Date.parse(moments.find(Boolean) ?? chat.openedAt);
  if (held && status !== "closed") return { key: "sentence.held" };
  switch (status) {
    case "new": return { key: "sentence.new", since: from(chat.openedAt) };
    case "bot": return lastMessage?.direction === "outbound"
      ? { key: "sentence.bot.client", since: from(lastMessage.at) }
      : { key: "sentence.bot", since: from(lastMessage?.at) };
    case "queued": return { key: "sentence.queued", since: from(chat.waitingSince, chat.queuedAt) };
    case "assigned": return { key: "sentence.assigned", since: from(chat.assignedAt, chat.queuedAt) };
    case "active": return lastMessage?.direction === "inbound"
      ? { key: "sentence.active.client", since: from(lastMessage.at) }
      : { key: "sentence.active.agent", since: from(lastMessage?.at, chat.firstReplyAt) };
    case "pending": return chat.snoozedUntil === null ? { key: "sentence.pending" } : { key: "sentence.pending.until", until: from(chat.snoozedUntil) };
    case "transferred": return { key: "sentence.transferred" };
    case "closed": return { key: "sentence.closed", since: from(chat.closedAt) };
  }
}
