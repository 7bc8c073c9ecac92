// What the socket brings. Durable events carry the number by which a conversation is caught up on; what they report
// comes with them, or is asked for.

import type { Chat, Message, Notice } from "../api/types";

export type LiveEvent = {
  eventId?: string;
  at?: string;
  /** The name of an event that was caught up on. */
  event?: string;
  name?: string;
  seq?: number;
  hidden?: boolean;
  conversationId?: string;
  chatId?: string;
  message?: Message;
  chat?: Chat;
  notification?: Notice;
  userId?: string;
  agent?: { id: string; name: string };
};
