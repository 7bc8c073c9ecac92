// Everything that is live for whoever is logged in: the socket, what it brings, and the replies on their way.

import { type QueryClient, useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";

import { answered, api } from "../api/client";
import { serverNow } from "../api/clock";
import { newKey } from "../api/key";
import { useMe } from "../api/me";
import { chatQuery, keys } from "../api/queries";
import type { LiveEvent, Me } from "../api/types";
import { store } from "../ui/store";
import { absorber, putChat, putMessage } from "./absorb";
import { ring } from "./alerts";
import { connect } from "./connection";
import { createOutbox, type Outbox, type Sending } from "./outbox";

/** The chat that somebody looks at; its messages make no sound while the page is seen. */
export const lookedAt = store<string | undefined>(undefined);

/** Who types in which chat, and until when that is believed. */
export const typing = store<Readonly<Record<string, { name: string; until: number }>>>({});

let box: Outbox | undefined;

/** The replies on their way. */
export function outbox(): Outbox {
  if (!box) throw new Error("nobody is logged in");
  return box;
}

export function useLive(): void {
  const client = useQueryClient();
  const me = useMe();
  const { id } = me;
  useEffect(() => {
    const replies = box ??= openOutbox(client, id);
    const fetchChat = (chat: string) => client.query({ ...chatQuery(chat), staleTime: 0 });
    const { absorb, check, renew, stop } = absorber(client, id, fetchChat);
    const close = connect({
      event: (event) => {
        absorb(event);
        sound(event);
      },
      hidden: check,
      chat: (chat) => { putChat(client, chat, id); },
      typing: ({ chatId, agentId, agentName: name }) => {
        if (agentId !== id) typing.update((all) => ({ ...all, [chatId]: { name, until: serverNow() + TYPES_FOR } }));
      },
      notice: () => {
        renew(keys.notices);
        ring("alarm");
      },
      figures: (of) => { renew(...of === "agents" ? [keys.users, keys.queues, keys.me] : [keys.queues, ["waiting"]]); },
      resync: () => void client.invalidateQueries(),
      // What an open socket would have told of lists and figures is asked for; chats catch up by themselves.
      back: () => {
        void client.invalidateQueries({ predicate: ({ queryKey }) => queryKey[0] !== "log" });
        replies.wake();
      },
    });
    replies.wake();
    const online = () => { replies.wake(); };
    window.addEventListener("online", online);
    return () => {
      window.removeEventListener("online", online);
      stop();
      close();
    };
  }, [client, id]);
}

/** A colleague who stopped typing does not say so. */
const TYPES_FOR = 4_000;

function sound({ type, chatId, message }: LiveEvent): void {
  if (type === "chat.new") ring("chat");
  if (type !== "chat.message" || message?.direction !== "inbound") return;
  const seen = chatId === lookedAt.get() && document.visibilityState === "visible";
  if (!seen) ring("message");
}

const kept = (me: string) => `hilo.outbox.${me}`;

/** Closed with the log-out: what was not sent is gone, and nobody else sends it. */
export function closeOutbox(me: Me): void {
  box = undefined;
  sessionStorage.removeItem(kept(me.id));
}

/** A reload keeps the replies that nobody answered yet, with their keys. */
function openOutbox(client: QueryClient, me: string): Outbox {
  const opened = createOutbox({
    post: ({ chatId, text, key }) => answered(api.POST("/api/v1/chats/{id}/messages", {
      params: { path: { id: chatId }, header: { "idempotency-key": key } }, body: { type: "text", text },
    })),
    landed: (message) => { putMessage(client, message, me); },
    newKey,
    now: () => Date.now(),
    later: (work, milliseconds) => { setTimeout(work, milliseconds); },
  }, left(me));
  opened.sendings.subscribe(() => {
    try {
      sessionStorage.setItem(kept(me), JSON.stringify(opened.sendings.get()));
    } catch {
      // Then they last as long as the page.
    }
  });
  return opened;
}

function left(me: string): Sending[] {
  try {
    return JSON.parse(sessionStorage.getItem(kept(me)) ?? "[]") as Sending[];
  } catch {
    return [];
  }
}
