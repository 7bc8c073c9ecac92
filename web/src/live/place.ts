// Where a changed chat stands in a list that is on the screen: moved, added, or taken out, without asking again.

import type { Chat, ChatStatus } from "../api/types";

export const scopes = ["mine", "unassigned", "all"] as const;
export type Scope = (typeof scopes)[number];

export const isOpen = ({ status }: { status: ChatStatus }): boolean => status !== "closed";

export function belongs(scope: Scope, chat: Chat, me: string): boolean {
  switch (scope) {
    case "mine": return isOpen(chat) && chat.agentId === me;
    case "unassigned": return chat.status === "queued";
    case "all": return isOpen(chat);
  }
}

export type Page = { items: Chat[]; nextCursor?: string | null };

/** The pages with `chat` as it is now; the same pages when they do not change. */
export function place<Pages extends Page>(pages: readonly Pages[], chat: Chat, here: boolean): readonly Pages[] {
  const had = pages.some(({ items }) => items.some(({ id }) => id === chat.id));
  if (!had && !here) return pages;
  if (had && here) {
    return pages.map((page) => page.items.some(({ id }) => id === chat.id)
      ? { ...page, items: page.items.map((one) => one.id === chat.id ? chat : one) }
      : page);
  }
  if (had) return pages.map((page) => ({ ...page, items: page.items.filter(({ id }) => id !== chat.id) }));
  return pages.map((page, at) => at === 0 ? { ...page, items: [chat, ...page.items] } : page);
}

export const orders = ["due", "activity", "waiting"] as const;
export type Order = (typeof orders)[number];

/** Chats in the order in which somebody wants to work through them. */
export function sorted(chats: readonly Chat[], order: Order): Chat[] {
  const by: Record<Order, (chat: Chat) => number> = {
    due: (chat) => dueAt(chat) ?? Infinity,
    activity: (chat) => -lastActivity(chat),
    waiting: (chat) => Date.parse(chat.waitingSince ?? chat.queuedAt ?? chat.openedAt),
  };
  const rank = by[order];
  return [...chats].sort((a, b) => compare(rank(a), rank(b)) || lastActivity(b) - lastActivity(a));
}

const compare = (a: number, b: number) => a === b ? 0 : a - b;

const lastActivity = ({ lastActivityAt }: Chat) => Date.parse(lastActivityAt);

/** When an answer is due; undefined when none is. */
export function dueAt({ status, firstReplyAt, sla }: Chat): number | undefined {
  if (firstReplyAt !== null || sla.firstReplyDueAt === null) return undefined;
  return status === "queued" || status === "assigned" || status === "active" ? Date.parse(sla.firstReplyDueAt) : undefined;
}
