// What screens know of the server, by key. Live events change the same entries, so nothing is asked twice without need.

import { infiniteQueryOptions, type QueryClient, queryOptions } from "@tanstack/react-query";

import type { Log } from "../live/log";
import { merge } from "../live/log";
import type { Scope } from "../live/place";
import { answered, api } from "./client";

export const keys = {
  me: ["me"] as const,
  chat: (id: string) => ["chat", id] as const,
  chats: (scope: Scope) => ["chats", scope] as const,
  log: (id: string) => ["log", id] as const,
  notes: (id: string) => ["notes", id] as const,
  targets: (id: string) => ["targets", id] as const,
  workflow: (id: string) => ["workflow", id] as const,
  ledger: (id: string) => ["ledger", id] as const,
  clientChats: (id: string) => ["clientChats", id] as const,
  users: ["users"] as const,
  queues: ["queues"] as const,
  campaigns: ["campaigns"] as const,
  waiting: (queue: string) => ["waiting", queue] as const,
  closeReasons: ["closeReasons"] as const,
  pauseReasons: ["pauseReasons"] as const,
  notices: ["notices"] as const,
};

const filters: Record<Scope, { agent?: string; status?: string }> = {
  mine: { agent: "me", status: "assigned,active,pending" },
  unassigned: { status: "queued" },
  all: { status: "new,bot,queued,assigned,active,pending" },
};

export const meQuery = () => queryOptions({
  queryKey: keys.me, queryFn: () => answered(api.GET("/api/v1/me")), staleTime: Infinity,
});

export const chatsQuery = (scope: Scope) => infiniteQueryOptions({
  queryKey: keys.chats(scope),
  queryFn: ({ pageParam, signal }) => answered(api.GET("/api/v1/chats", {
    params: { query: { limit: 50, ...filters[scope], ...(pageParam ? { cursor: pageParam } : {}) } }, signal,
  })),
  initialPageParam: "",
  getNextPageParam: ({ nextCursor }) => nextCursor,
});

/** Chats by name, number or words, closed ones too. */
export const searchQuery = (words: string) => queryOptions({
  queryKey: ["search", words],
  queryFn: ({ signal }) => answered(api.GET("/api/v1/chats", { params: { query: { limit: 30, q: words } }, signal })),
  enabled: words !== "",
});

export const chatQuery = (id: string) => queryOptions({
  queryKey: keys.chat(id),
  queryFn: ({ signal }) => answered(api.GET("/api/v1/chats/{id}", { params: { path: { id } }, signal })),
});

const PAGE = 50;

async function messagesPage(id: string, cursor: string | undefined, signal?: AbortSignal): Promise<Log> {
  const query = { limit: PAGE, ...(cursor ? { cursor } : {}) };
  const page = await answered(api.GET("/api/v1/chats/{id}/messages", {
    params: { path: { id }, query }, ...(signal ? { signal } : {}),
  }));
  return { messages: page.items, older: page.nextCursor };
}

/** The newest page, put together with what is known already: what was loaded before stays. */
export const logQuery = (client: QueryClient, id: string) => queryOptions({
  queryKey: keys.log(id),
  queryFn: async ({ signal }): Promise<Log> => {
    const page = await messagesPage(id, undefined, signal);
    const known = client.getQueryData<Log>(keys.log(id));
    return known ? merge(known, page.messages) : merge({ messages: [], older: page.older }, page.messages);
  },
});

/** One page further back. */
export async function loadOlder(client: QueryClient, id: string): Promise<void> {
  const known = client.getQueryData<Log>(keys.log(id));
  if (!known?.older) return;
  const page = await messagesPage(id, known.older);
  client.setQueryData<Log>(keys.log(id), (log) =>
    merge({ messages: log?.messages ?? [], older: page.older }, page.messages));
}

export const notesQuery = (id: string) => queryOptions({
  queryKey: keys.notes(id),
  queryFn: ({ signal }) => answered(api.GET("/api/v1/chats/{id}/notes", { params: { path: { id }, query: { limit: 200 } }, signal })),
});

/** To whom a chat may be handed over. */
export const targetsQuery = (id: string) => queryOptions({
  queryKey: keys.targets(id),
  queryFn: ({ signal }) => answered(api.GET("/api/v1/chats/{id}/transfer-targets", { params: { path: { id } }, signal })),
});

export const pauseReasonsQuery = () => queryOptions({
  queryKey: keys.pauseReasons,
  queryFn: ({ signal }) => answered(api.GET("/api/v1/pause-reasons", { params: { query: { limit: 200 } }, signal })),
  staleTime: 300_000,
});

export const workflowQuery = (id: string) => queryOptions({
  queryKey: keys.workflow(id),
  queryFn: ({ signal }) => answered(api.GET("/api/v1/chats/{id}/workflow", { params: { path: { id } }, signal })),
});

export const ledgerQuery = (id: string) => infiniteQueryOptions({
  queryKey: keys.ledger(id),
  queryFn: ({ pageParam, signal }) => answered(api.GET("/api/v1/chats/{id}/ledger", {
    params: { path: { id }, query: { limit: 200, ...(pageParam ? { cursor: pageParam } : {}) } }, signal,
  })),
  initialPageParam: "",
  getNextPageParam: ({ nextCursor }) => nextCursor,
});

export const clientChatsQuery = (clientId: string) => queryOptions({
  queryKey: keys.clientChats(clientId),
  queryFn: ({ signal }) => answered(api.GET("/api/v1/chats", { params: { query: { limit: 20, clientId } }, signal })),
});

export const usersQuery = () => queryOptions({
  queryKey: keys.users, queryFn: ({ signal }) => answered(api.GET("/api/v1/users", { params: { query: { limit: 200 } }, signal })),
});

export const queuesQuery = () => queryOptions({
  queryKey: keys.queues, queryFn: ({ signal }) => answered(api.GET("/api/v1/queues", { params: { query: { limit: 200 } }, signal })),
});

export const campaignsQuery = () => queryOptions({
  queryKey: keys.campaigns,
  queryFn: ({ signal }) => answered(api.GET("/api/v1/campaigns", { params: { query: { limit: 200 } }, signal })),
  staleTime: 300_000,
});

export const waitingQuery = (queue: string) => queryOptions({
  queryKey: keys.waiting(queue),
  queryFn: ({ signal }) => answered(api.GET("/api/v1/queues/{id}/waiting", { params: { path: { id: queue } }, signal })),
});

export const closeReasonsQuery = () => queryOptions({
  queryKey: keys.closeReasons,
  queryFn: ({ signal }) => answered(api.GET("/api/v1/close-reasons", { params: { query: { limit: 200 } }, signal })),
  staleTime: 300_000,
});

export const noticesQuery = () => queryOptions({
  queryKey: keys.notices,
  queryFn: ({ signal }) => answered(api.GET("/api/v1/notifications", { params: { query: { limit: 50 } }, signal })),
});
