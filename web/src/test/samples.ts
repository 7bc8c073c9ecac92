// Chats and messages for tests, complete, with what a test is about put over them.

import type { Chat, Message } from "../api/types";

export const sampleChat = (id: string, more: Partial<Chat> = {}): Chat => ({
  id, conversationId: "v", number: { id: "n", phone: "+525500000001", name: "Demo" },
  client: { id: "k", name: "Inés Prado", phone: "+5215510000001" },
  campaignId: null, campaign: null, queueId: null, queue: null, status: "active", priority: "normal",
  agentId: "ana", agent: { id: "ana", name: "Ana" }, attention: null, held: false,
  openedAt: "2026-11-24T12:00:00Z", queuedAt: "2026-11-24T12:00:00Z", waitingSince: null, assignedAt: null,
  firstReplyAt: null, snoozedUntil: null, closedAt: null, closeReason: null, unread: 0, lastMessage: null,
  lastActivityAt: "2026-11-24T12:00:00Z", sla: { firstReplyDueAt: null, breachedAt: null }, windowClosesAt: null, lastSeq: 0,
  ...more,
});

export const sampleMessage = (id: string, more: Partial<Message> = {}): Message => ({
  id, conversationId: "v", chatId: "c", seq: 1, direction: "outbound", author: "agent", agent: null, type: "text", text: id,
  media: null, interactive: null, location: null, replyTo: null, status: null, error: null, at: "2026-11-24T12:00:00Z",
  ...more,
});
