// The socket: kept open while somebody is logged in, its token renewed before it ends, and every chat that is being
// looked at joined again, from where it was heard, whenever the connection comes back.

import { io, type Socket } from "socket.io-client";

import { currentToken, onToken, refresh } from "../api/session";
import { store } from "../ui/store";
import { hear } from "./cursor";
import type { LiveEvent } from "./events";

/** `since`: when this phase began; `recovered`: how many events were caught up on after the last interruption. */
export type Link = { phase: "opening" | "live" | "lost"; since: number; recovered?: number };

export const link = store<Link>({ phase: "opening", since: Date.now() });

type Caught = { events?: LiveEvent[]; items?: LiveEvent[]; more?: boolean };
type Joined = { upTo: number | undefined; viewers: number; asking: boolean };
type Handlers = { event: (name: string, event: LiveEvent) => void; resync: () => void; back: () => void };

const NAMES = [
  "chat.new", "chat.message", "chat.updated", "chat.transferred", "chat.closed", "agent.typing",
  "analytics.agents.update", "analytics.chats.update", "analytics.queue.update", "notification",
];

let socket: Socket | undefined;
let handlers: Handlers | undefined;
let lostOnce = false;
const joined = new Map<string, Joined>();

/** Opens it; the result closes it for good. */
export function connect(wanted: Handlers): () => void {
  handlers = wanted;
  const opened = io({
    path: "/socket.io", transports: ["websocket", "polling"], reconnectionDelay: 500, reconnectionDelayMax: 4_000,
    auth: (give) => { give({ token: currentToken()?.value }); },
  });
  socket = opened;
  let again: ReturnType<typeof setTimeout> | undefined;

  opened.on("connect", () => {
    const back = lostOnce;
    if (back) {
      handlers?.back();
      for (const chat of joined.values()) chat.asking = false;
    }
    link.set({ phase: "live", since: Date.now(), ...(back ? { recovered: 0 } : {}) });
    for (const chatId of joined.keys()) catchUp(chatId);
  });
  const lost = () => {
    lostOnce = true;
    link.update((was) => was.phase === "lost" ? was : { phase: "lost", since: Date.now() });
  };
  // Socket.IO tries again by itself, except after a refusal and when the server closes: then the token may be too old.
  const renew = () => {
    clearTimeout(again);
    again = setTimeout(() => {
      void refresh().then((token) => { if (token) opened.connect(); }, renew);
    }, 1_000);
  };
  opened.on("disconnect", (reason) => {
    lost();
    if (reason === "io server disconnect") renew();
  });
  opened.on("connect_error", () => {
    lost();
    if (!opened.active) renew();
  });
  opened.on("resync", () => { handlers?.resync(); });
  for (const name of NAMES) opened.on(name, (event: LiveEvent) => { receive(name, event); });

  const stop = onToken((token) => { if (token && opened.connected) opened.emit("auth.renew", { token: token.value }); });
  return () => {
    stop();
    clearTimeout(again);
    opened.close();
    socket = undefined;
    handlers = undefined;
    lostOnce = false;
    joined.clear();
  };
}

/** Hears a chat from `after` on, until the result is called. Several may listen to one chat. */
export function join(chatId: string, after: number | undefined): () => void {
  const known = joined.get(chatId);
  if (known) known.viewers += 1;
  else {
    joined.set(chatId, { upTo: after, viewers: 1, asking: false });
    catchUp(chatId);
  }
  return () => {
    const chat = joined.get(chatId);
    if (!chat) return;
    chat.viewers -= 1;
    if (chat.viewers > 0) return;
    joined.delete(chatId);
    if (socket?.connected) socket.emit("chat.leave", { chatId });
  };
}

/** Tells the server that everything in this chat has been seen. */
export function tellRead(chatId: string): void {
  if (socket?.connected) socket.emit("chat.read", { chatId });
}

export function tellTyping(chatId: string): void {
  if (socket?.connected) socket.volatile.emit("chat.typing", { chatId });
}

/** Asks for what was missed; a long absence comes in several pieces. */
function catchUp(chatId: string): void {
  const chat = joined.get(chatId);
  if (!chat || chat.asking || !socket?.connected) return;
  chat.asking = true;
  const question = { chatId, ...(chat.upTo === undefined ? {} : { after: chat.upTo }) };
  socket.timeout(10_000).emit("chat.join", question, (error: Error | null, answer: Caught | undefined) => {
    if (joined.get(chatId) !== chat) return;
    chat.asking = false;
    if (error) return;
    const events = answer?.events ?? answer?.items ?? [];
    for (const event of events) {
      if (event.seq !== undefined) chat.upTo = Math.max(chat.upTo ?? 0, event.seq);
      if (!event.hidden) handlers?.event(event.event ?? event.name ?? "chat.updated", event);
    }
    link.update((was) => was.recovered === undefined ? was : { ...was, recovered: was.recovered + events.length });
    if (answer?.more && events.length > 0) catchUp(chatId);
  });
}

function receive(name: string, event: LiveEvent): void {
  const chat = event.chatId === undefined ? undefined : joined.get(event.chatId);
  if (chat && event.seq !== undefined && chat.upTo !== undefined) {
    const heard = hear(chat.upTo, event.seq);
    chat.upTo = heard.upTo;
    if (heard.missed && event.chatId !== undefined) catchUp(event.chatId);
  } else if (chat && event.seq !== undefined) {
    chat.upTo = event.seq;
  }
  if (!event.hidden) handlers?.event(name, event);
}
