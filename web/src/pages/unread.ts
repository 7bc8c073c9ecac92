// How many messages wait for whoever looks.

import { useInfiniteQuery } from "@tanstack/react-query";

import { chatsQuery } from "../api/queries";

export function useUnread(): number {
  const { data } = useInfiniteQuery({
    ...chatsQuery("mine"),
    select: ({ pages }) => pages.flatMap(({ items }) => items).reduce((sum, { unread }) => sum + unread, 0),
  });
  return data ?? 0;
}
