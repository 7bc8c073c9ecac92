// One chat: who it is with, where it stands, what was said, and what one says next.

import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import { Link } from "react-router";

import { useMe } from "../../api/me";
import { Problem, wordsOf } from "../../api/problem";
import { chatQuery } from "../../api/queries";
import type { Chat } from "../../api/types";
import { useLanguage } from "../../i18n/language";
import { knownChat, patchChat } from "../../live/absorb";
import { tellRead } from "../../live/connection";
import { isOpen, type Scope } from "../../live/place";
import { lookedAt, outbox } from "../../live/use-live";
import { Empty } from "../../ui/empty";
import { Icon } from "../../ui/icon";
import { LinkBanner } from "../../ui/link-banner";
import { SlaChip } from "../../ui/sla-chip";
import { Status } from "../../ui/status";
import { useStore } from "../../ui/store";
import { Title } from "../title";
import { Head } from "./head";
import { nameOf } from "./client";
import { Composer } from "./composer";
import { Log } from "./log";
import { Side } from "./side";
import { useFollowing } from "./use-following";
import { useVisible } from "./use-visible";
import { WindowChip } from "./window-chip";

type Parts = { id: string; scope: Scope; side: boolean; setSide: (shown: boolean) => void };

export function Conversation({ id, scope, side, setSide }: Parts) {
  const { say } = useLanguage();
  const client = useQueryClient();
  const { data: chat, error } = useQuery({ ...chatQuery(id), placeholderData: () => knownChat(client, id) });
  useFollowing(chat);
  useReading(chat);
  if (!chat) {
    return (
      <section className="conversation nothing" aria-label={say("conversation")} aria-busy={!error}>
        {error && (
          <Empty title={error instanceof Problem && error.status === 404 ? say("conversation.gone") : wordsOf(error, say)}>
            <Link className="button small" to="/chats">{say("conversation.back")}</Link>
          </Empty>
        )}
        <Title what={say("conversation")} />
      </section>
    );
  }
  return (
    <>
      <section className="conversation" aria-label={say("conversation.with", { name: nameOf(chat.client) })}>
        <Title what={nameOf(chat.client)} />
        <Head chat={chat} scope={scope} side={side} setSide={setSide} />
        <Standing chat={chat} />
        <Banners chat={chat} />
        <Log chat={chat} />
        <Composer chat={chat} />
      </section>
      {side && <Side chat={chat} close={() => { setSide(false); }} />}
    </>
  );
}

function Standing({ chat }: { chat: Chat }) {
  const { say } = useLanguage();
  return (
    <div className="standing">
      <Status status={chat.status} />
      <SlaChip chat={chat} wide />
      {isOpen(chat) && <WindowChip chat={chat} />}
      {chat.attention && <span className="chip warn"><Icon name="loose" size={12} />{say("chat.attention")}</span>}
      {chat.held && <span className="chip paused"><Icon name="pause" size={12} />{say("chat.held")}</span>}
      <span className="space" />
      <Link className="see-thread" to={`/chats/${chat.id}/workflow`}><Icon name="knot" size={14} /><span>{say("chat.thread")}</span></Link>
    </div>
  );
}

function Banners({ chat }: { chat: Chat }) {
  const { sendings } = outbox();
  const waiting = useStore(sendings, (all) => all.filter(({ chatId, state }) => chatId === chat.id && state !== "refused").length);
  return <LinkBanner waiting={waiting} />;
}

/** What its agent sees is read. */
function useReading(chat: Chat | undefined): void {
  const client = useQueryClient();
  const me = useMe();
  const visible = useVisible();
  const id = chat?.id;
  const mine = chat?.agentId === me.id;
  const unread = chat?.unread ?? 0;
  useEffect(() => {
    if (id === undefined || !visible) return;
    lookedAt.set(id);
    return () => { lookedAt.set(undefined); };
  }, [id, visible]);
  useEffect(() => {
    if (id === undefined || !mine || !visible || unread === 0) return;
    tellRead(id);
    patchChat(client, id, me.id, (known) => ({ ...known, unread: 0 }));
  }, [client, id, me.id, mine, unread, visible]);
}
