// What screens know of the server, by key. Live events change the same entries, so nothing is asked twice without need.
// A question that news overtake is not broken off, its answer is ignored: only a search is, for one types on.

import { infiniteQueryOptions, type QueryClient, queryOptions } from "@tanstack/react-query";

import type { Language } from "../i18n/messages";
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
  queryFn: ({ pageParam }) => answered(api.GET("/api/v1/chats", {
    params: { query: { limit: 50, ...filters[scope], ...(pageParam ? { cursor: pageParam } : {}) } },
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
  queryFn: () => answered(api.GET("/api/v1/chats/{id}", { params: { path: { id } } })),
});

const PAGE = 50;

async function messagesPage(id: string, cursor: string | undefined): Promise<Log> {
  const query = { limit: PAGE, ...(cursor ? { cursor } : {}) };
  const page = await answered(api.GET("/api/v1/chats/{id}/messages", {
    params: { path: { id }, query },
  }));
  return { messages: page.items, older: page.nextCursor };
}

/** The newest page, put together with what is known already: what was loaded before stays. */
export const logQuery = (client: QueryClient, id: string) => queryOptions({
  queryKey: keys.log(id),
  queryFn: async (): Promise<Log> => {
    const page = await messagesPage(id, undefined);
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
  queryFn: () => answered(api.GET("/api/v1/chats/{id}/notes", { params: { path: { id }, query: { limit: 200 } } })),
});

/** To whom a chat may be handed over. */
export const targetsQuery = (id: string) => queryOptions({
  queryKey: keys.targets(id),
  queryFn: () => answered(api.GET("/api/v1/chats/{id}/transfer-targets", { params: { path: { id } } })),
});

export const pauseReasonsQuery = () => queryOptions({
  queryKey: keys.pauseReasons,
  queryFn: () => answered(api.GET("/api/v1/pause-reasons", { params: { query: { limit: 200 } } })),
  staleTime: 300_000,
});

/** Its sentences come in the language of the screen, and so does the ledger's. */
export const workflowQuery = (id: string, language: Language) => queryOptions({
  queryKey: [...keys.workflow(id), language],
  queryFn: () => answered(api.GET("/api/v1/chats/{id}/workflow", { params: { path: { id } } })),
});

export const ledgerQuery = (id: string, language: Language) => infiniteQueryOptions({
  queryKey: [...keys.ledger(id), language],
  queryFn: ({ pageParam }) => answered(api.GET("/api/v1/chats/{id}/ledger", {
    params: { path: { id }, query: { limit: 200, ...(pageParam ? { cursor: pageParam } : {}) } },
  })),
  initialPageParam: "",
  getNextPageParam: ({ nextCursor }) => nextCursor,
});

export const clientChatsQuery = (clientId: string) => queryOptions({
  queryKey: keys.clientChats(clientId),
  queryFn: () => answered(api.GET("/api/v1/chats", { params: { query: { limit: 20, clientId } } })),
});

export const usersQuery = () => queryOptions({
  queryKey: keys.users, queryFn: () => answered(api.GET("/api/v1/users", { params: { query: { limit: 200 } } })),
});

export const queuesQuery = () => queryOptions({
  queryKey: keys.queues, queryFn: () => answered(api.GET("/api/v1/queues", { params: { query: { limit: 200 } } })),
});

export const campaignsQuery = () => queryOptions({
  queryKey: keys.campaigns,
  queryFn: () => answered(api.GET("/api/v1/campaigns", { params: { query: { limit: 200 } } })),
  staleTime: 300_000,
});

export const waitingQuery = (queue: string) => queryOptions({
  queryKey: keys.waiting(queue),
  queryFn: () => answered(api.GET("/api/v1/queues/{id}/waiting", { params: { path: { id: queue } } })),
});

export const closeReasonsQuery = () => queryOptions({
  queryKey: keys.closeReasons,
  queryFn: () => answered(api.GET("/api/v1/close-reasons", { params: { query: { limit: 200 } } })),
  staleTime: 300_000,
});

export const noticesQuery = () => queryOptions({
  queryKey: keys.notices,
  queryFn: () => answered(api.GET("/api/v1/notifications", { params: { query: { limit: 50 } } })),
});
