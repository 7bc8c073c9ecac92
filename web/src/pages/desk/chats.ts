// The chats of a tab, in the order in which somebody works through them.

import { useInfiniteQuery } from "@tanstack/react-query";
import { useMemo } from "react";

import { chatsQuery } from "../../api/queries";
import type { Chat } from "../../api/types";
import { type Order, orders, type Scope, sorted } from "../../live/place";
import { recall, remember } from "../../ui/memory";
import { store } from "../../ui/store";

export const order = store<Order>(recall("order", orders) ?? "due");

export function chooseOrder(wanted: Order): void {
  remember("order", wanted);
  order.set(wanted);
}

export function useChats(scope: Scope, by: Order) {
  const { data, hasNextPage, isFetchingNextPage, fetchNextPage, isError } = useInfiniteQuery(chatsQuery(scope));
  const chats = useMemo(() => {
    if (!data) return undefined;
    // A chat that moved while its pages were asked for may be in two of them.
    const once = new Map<string, Chat>();
    for (const { items } of data.pages) for (const chat of items) if (!once.has(chat.id)) once.set(chat.id, chat);
    return sorted([...once.values()], by);
  }, [data, by]);
  const more = () => { if (hasNextPage && !isFetchingNextPage) void fetchNextPage(); };
  return { chats, more, hasMore: hasNextPage, isError };
}
