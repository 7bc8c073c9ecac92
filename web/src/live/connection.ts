// The socket: kept open while somebody is logged in, its token renewed before it ends, and every chat that is being
// looked at joined again, from where it was heard, whenever the connection comes back.

import { io, type Socket } from "socket.io-client";

import { currentToken, onToken, refresh } from "../api/session";
import type { Chat, Joined as JoinAnswer, LiveEvent, Notice, Typing } from "../api/types";
import { store } from "../ui/store";
import { hear } from "./cursor";

/** `since`: when this phase began; `recovered`: how many events were caught up on after the last interruption. */
export type Link = { phase: "opening" | "live" | "lost"; since: number; recovered?: number };

export const link = store<Link>({ phase: "opening", since: Date.now() });

export type Handlers = {
  /** A durable event, in order, once. */
  event: (event: LiveEvent) => void;
  /** Something happened in a chat that one does not see, or not any more. */
  hidden: (chatId: string) => void;
  /** A chat as it stands now. */
  chat: (chat: Chat) => void;
  typing: (typing: Typing) => void;
  notice: (notice: Notice) => void;
  /** Figures changed: of agents, of chats, of a queue. */
  figures: (of: "agents" | "chats" | "queue") => void;
  resync: () => void;
  back: () => void;
};

const DURABLE = ["chat.new", "chat.message", "chat.updated", "chat.transferred", "chat.closed"] as const;

type Followed = { chatId: string; conversationId: string; upTo: number; viewers: number; asking: boolean };

let socket: Socket | undefined;
let handlers: Handlers | undefined;
let wasLost = false;
const followed = new Map<string, Followed>();

/** Opens it; the result closes it for good. */
export function connect(wanted: Handlers): () => void {
  handlers = wanted;
  const opened = io({
    path: "/socket.io", transports: ["websocket", "polling"], reconnectionDelay: 500, reconnectionDelayMax: 4_000,
    auth: (give) => { give({ token: currentToken()?.value }); },
  });
  socket = opened;
  const stopRenewing = keepOpen(opened);
  opened.on("connect", () => { came(); });
  for (const name of DURABLE) opened.on(name, receive);
  opened.on("agent.typing", (typing: Typing) => { handlers?.typing(typing); });
  opened.on("notification", ({ notification }: { notification: Notice }) => { handlers?.notice(notification); });
  for (const of of ["agents", "chats", "queue"] as const) {
    opened.on(`analytics.${of}.update`, () => { handlers?.figures(of); });
  }
  opened.on("resync", () => {
    handlers?.resync();
    for (const one of followed.values()) catchUp(one);
  });
  return () => {
    stopRenewing();
    opened.close();
    socket = undefined;
    handlers = undefined;
    wasLost = false;
    followed.clear();
  };
}

function came(): void {
  const back = wasLost;
  wasLost = false;
  link.set({ phase: "live", since: Date.now(), ...(back ? { recovered: 0 } : {}) });
  if (back) handlers?.back();
  for (const one of followed.values()) {
    one.asking = false;
    catchUp(one);
  }
}

/** Fresh tokens for an open socket; new tries where Socket.IO makes none: after a refusal or a close by the server. */
function keepOpen(opened: Socket): () => void {
  let again: ReturnType<typeof setTimeout> | undefined;
  const lost = () => {
    wasLost = true;
    link.update((was) => was.phase === "lost" ? was : { phase: "lost", since: Date.now() });
  };
  const retry = (pause = 1_000) => {
    clearTimeout(again);
    again = setTimeout(() => {
      const came = (token: unknown) => { if (token) opened.connect(); };
      refresh().then(came, () => { retry(); });
    }, pause);
  };
  opened.on("disconnect", (reason) => {
    if (reason === "io client disconnect") return;
    lost();
    if (reason === "io server disconnect") retry(200);
  });
  opened.on("connect_error", () => {
    lost();
    if (!opened.active) retry();
  });
  const stop = onToken((token) => { if (token && opened.connected) opened.emit("auth.renew", { token: token.value }); });
  return () => {
    stop();
    clearTimeout(again);
  };
}

/** Follows a chat from `after` on, until the result is called. Several may look at one chat. */
export function follow({ id: chatId, conversationId }: Pick<Chat, "id" | "conversationId">, after: number): () => void {
  const known = followed.get(chatId);
  if (known) known.viewers += 1;
  else {
    const one = { chatId, conversationId, upTo: after, viewers: 1, asking: false };
    followed.set(chatId, one);
    catchUp(one);
  }
  return () => {
    const one = followed.get(chatId);
    if (!one) return;
    one.viewers -= 1;
    if (one.viewers > 0) return;
    followed.delete(chatId);
    if (socket?.connected) socket.emit("chat.leave", { chatId });
  };
}

/** Tells that everything in this chat has been seen. */
export function tellRead(chatId: string): void {
  if (socket?.connected) socket.emit("chat.read", { chatId });
}

export function tellTyping(chatId: string): void {
  if (socket?.connected) socket.volatile.emit("chat.typing", { chatId });
}

/** Asks for what was missed; a long absence comes in several pieces. */
function catchUp(one: Followed): void {
  if (one.asking || !socket?.connected) return;
  one.asking = true;
  const question = { chatId: one.chatId, after: one.upTo };
  type Answer = JoinAnswer | { error: unknown };
  socket.timeout(10_000).emit("chat.join", question, (failure: Error | null, answer?: Answer) => {
    if (followed.get(one.chatId) !== one) return;
    one.asking = false;
    if (failure) {
      if (socket?.connected) catchUp(one);
      return;
    }
    if (!answer || "error" in answer) return;
    for (const event of answer.events) {
      if (event.seq <= one.upTo) continue;
      one.upTo = event.seq;
      pass(event);
    }
    handlers?.chat(answer.chat);
    const count = answer.events.length;
    link.update((was) => was.recovered === undefined ? was : { ...was, recovered: was.recovered + count });
    if (answer.more && count > 0) catchUp(one);
  });
}

function receive(event: LiveEvent): void {
  for (const one of followed.values()) {
    if (one.conversationId !== event.conversationId) continue;
    const { upTo, missed } = hear(one.upTo, event.seq);
    one.upTo = upTo;
    if (missed) catchUp(one);
  }
  // What was heard before is taken in again: it says how things stand, and changes nothing a second time.
  pass(event);
}

function pass(event: LiveEvent): void {
  if (!event.hidden) handlers?.event(event);
  else if (event.chatId !== null) handlers?.hidden(event.chatId);
}
