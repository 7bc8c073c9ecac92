// Takes what the socket brings into what the screens show. An event that carries what it reports is shown at once; for
// one that does not, the chat is asked for, once however many events point at it.

import type { InfiniteData, QueryClient } from "@tanstack/react-query";

import { Problem } from "../api/problem";
import { keys } from "../api/queries";
import type { Chat, LiveEvent, Message } from "../api/types";
import { type Log, merge } from "./log";
import { belongs, type Page, place, scopes } from "./place";

/** Puts a chat as it is now wherever it is shown. */
export function putChat(client: QueryClient, chat: Chat, me: string): void {
  client.setQueryData(keys.chat(chat.id), chat);
  for (const scope of scopes) {
    client.setQueryData<InfiniteData<Page>>(keys.chats(scope), (data) => {
      if (!data) return data;
      const pages = place(data.pages, chat, belongs(scope, chat, me));
      return pages === data.pages ? data : { ...data, pages: [...pages] };
    });
  }
}

/** Takes a chat that one does not see any more out of every list, and lets whoever looks at it know. */
export function dropChat(client: QueryClient, id: string): void {
  for (const scope of scopes) {
    client.setQueryData<InfiniteData<Page>>(keys.chats(scope), (data) => data && {
      ...data, pages: data.pages.map((page) => ({ ...page, items: page.items.filter((chat) => chat.id !== id) })),
    });
  }
  void client.resetQueries({ queryKey: keys.chat(id) });
}

/** Changes a chat that is known; what is not known is asked for when it is needed. */
export function patchChat(client: QueryClient, id: string, me: string, change: (chat: Chat) => Chat): boolean {
  const known = knownChat(client, id);
  if (!known) return false;
  const changed = change(known);
  if (changed !== known) putChat(client, changed, me);
  return true;
}

export function knownChat(client: QueryClient, id: string): Chat | undefined {
  const alone = client.getQueryData<Chat>(keys.chat(id));
  if (alone) return alone;
  for (const scope of scopes) {
    const data = client.getQueryData<InfiniteData<Page>>(keys.chats(scope));
    const found = data?.pages.flatMap(({ items }) => items).find((chat) => chat.id === id);
    if (found) return found;
  }
  return undefined;
}

/** Puts messages into the log of their chat, if somebody looks at it, and the newest onto the chat. */
export function putMessage(client: QueryClient, message: Message, me: string): void {
  const { chatId } = message;
  if (chatId === null) return;
  client.setQueryData<Log>(keys.log(chatId), (log) => log && merge(log, [message]));
  patchChat(client, chatId, me, (chat) => {
    const shown = chat.lastMessage;
    if (shown && shown.id !== message.id && (shown.seq ?? Infinity) > (message.seq ?? Infinity)) return chat;
    return { ...chat, lastMessage: message, lastActivityAt: message.at };
  });
}

/** Asks once for what many events of one moment point at. */
export class Gatherer {
  readonly #work: (what: string) => Promise<unknown>;
  readonly #pause: number;
  #wanted = new Set<string>();
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(work: (what: string) => Promise<unknown>, pause: number) {
    this.#work = work;
    this.#pause = pause;
  }

  want(what: string): void {
    this.#wanted.add(what);
    this.#timer ??= setTimeout(() => {
      const wanted = [...this.#wanted];
      this.#wanted = new Set();
      this.#timer = undefined;
      for (const one of wanted) void this.#work(one).catch(() => undefined);
    }, this.#pause);
  }

  stop(): void { clearTimeout(this.#timer); }
}

export function absorber(client: QueryClient, me: string, fetchChat: (id: string) => Promise<Chat>) {
  const chats = new Gatherer(async (id) => {
    try {
      putChat(client, await fetchChat(id), me);
    } catch (error) {
      if (error instanceof Problem && error.status === 404) dropChat(client, id);
    }
  }, 80);
  const stale = new Gatherer((key) => client.invalidateQueries({ queryKey: JSON.parse(key) as unknown[] }), 500);

  const absorb = ({ chatId, chat, message }: LiveEvent) => {
    if (message) putMessage(client, message, me);
    if (chat) putChat(client, chat, me);
    if (chatId === null) return;
    // An event of a message does not carry its chat, and one that was caught up on carries none.
    if (!chat) chats.want(chatId);
    for (const key of [keys.workflow(chatId), keys.ledger(chatId), keys.notes(chatId)]) stale.want(JSON.stringify(key));
  };
  return {
    absorb,
    /** Looks whether a chat that is shown may still be seen. */
    check: (id: string) => { if (knownChat(client, id)) chats.want(id); },
    /** Asks again for what these keys hold, where somebody looks at it. */
    renew: (...wanted: (readonly unknown[])[]) => { for (const key of wanted) stale.want(JSON.stringify(key)); },
    stop: () => { for (const one of [chats, stale]) one.stop(); },
  };
}
