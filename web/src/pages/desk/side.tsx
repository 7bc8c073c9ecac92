// Who the client is, how this chat came here, what happens next, and what was before.

import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { Link } from "react-router";

import { may, useMe } from "../../api/me";
import { clientChatsQuery, workflowQuery } from "../../api/queries";
import type { Chat } from "../../api/types";
import { span } from "../../i18n/format";
import { useLanguage } from "../../i18n/language";
import type { Key } from "../../i18n/messages";
import { Moment, Running, Stamp } from "../../ui/ago";
import { Icon } from "../../ui/icon";
import { nameOf, phoneOf } from "./client";
import { useWordsOf } from "./words";

export function Side({ chat, close }: { chat: Chat; close: () => void }) {
  const { say } = useLanguage();
  const me = useMe();
  return (
    <aside className="side" aria-label={say("side")}>
      <header className="head">
        <h2>{say("side.client")}</h2>
        <span className="space" />
        <button type="button" className="button plain square small" aria-label={say("side.hide")} onClick={close}><Icon name="x" /></button>
      </header>
      {/* eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- what scrolls can be scrolled by keys */}
      <div className="side-body" tabIndex={0} role="region" aria-label={say("side")}>
        <Client chat={chat} />
        <Course chat={chat} />
        {may(me, "workflows.read") && <Ahead chat={chat} />}
        <Before chat={chat} />
      </div>
    </aside>
  );
}

function Client({ chat: { client, number, campaign } }: { chat: Chat }) {
  const { say } = useLanguage();
  return (
    <section>
      <dl className="facts">
        <Fact word={say("side.name")}>{nameOf(client)}</Fact>
        {client.phone && <Fact word={say("side.phone")}>{phoneOf(client.phone)}</Fact>}
        <Fact word={say("side.number")}>{number.name}</Fact>
        {campaign && <Fact word={say("side.campaign")}>{campaign.name}</Fact>}
      </dl>
    </section>
  );
}

const steps: { key: "openedAt" | "queuedAt" | "assignedAt" | "firstReplyAt" | "closedAt"; word: Key }[] = [
  { key: "openedAt", word: "side.opened" }, { key: "queuedAt", word: "side.queued" }, { key: "assignedAt", word: "side.assigned" },
  { key: "firstReplyAt", word: "side.firstReply" }, { key: "closedAt", word: "side.closed" },
];

function Course({ chat }: { chat: Chat }) {
  const { language, say } = useLanguage();
  const { queuedAt, assignedAt } = chat;
  const waited = queuedAt === null || assignedAt === null ? -1 : Date.parse(assignedAt) - Date.parse(queuedAt);
  return (
    <section>
      <h3>{say("side.course")}</h3>
      <dl className="facts">
        {chat.agent && <Fact word={say("side.agent")}>{chat.agent.name}</Fact>}
        {chat.queue && <Fact word={say("side.queue")}>{chat.queue.name}</Fact>}
        {steps.map(({ key, word }) => {
          const at = chat[key];
          return at !== null && <Fact key={key} word={say(word)}><Moment at={Date.parse(at)} /></Fact>;
        })}
        {waited >= 0 && <Fact word={say("side.waited")}>{span(language, waited)}</Fact>}
      </dl>
    </section>
  );
}

function Fact({ word, children }: { word: string; children: ReactNode }) {
  return <div><dt>{word}</dt><dd>{children}</dd></div>;
}

function Ahead({ chat }: { chat: Chat }) {
  const { language, say } = useLanguage();
  const { data } = useQuery(workflowQuery(chat.id, language));
  if (!data) return null;
  return (
    <section>
      <h3><Icon name="knot" size={14} />{say("side.ahead")}</h3>
      <ol className="strand ahead">
        {data.waitsFor !== null && <li className="now answer"><b>{say("ahead.now")}</b> {data.waitsFor}</li>}
        {data.next.filter(({ at }) => at !== null).map(({ at, what }) => {
          const due = Date.parse(at ?? "");
          return (
            <li key={`${at ?? ""} ${what}`} className="future decision-knot">
              <b className="figures"><Moment at={due} /></b> <span className="muted figures">{say("ahead.in")} <Running at={due} /></span>
              <br />{what}
            </li>
          );
        })}
      </ol>
    </section>
  );
}

function Before({ chat }: { chat: Chat }) {
  const { say } = useLanguage();
  const words = useWordsOf();
  const { data } = useQuery(clientChatsQuery(chat.client.id));
  const others = data?.items.filter(({ id }) => id !== chat.id) ?? [];
  if (others.length === 0) return null;
  return (
    <section>
      <h3><Icon name="history" size={14} />{say("side.before")}</h3>
      <ul className="before">
        {others.map((other) => (
          <li key={other.id}>
            <span className="muted"><Stamp at={Date.parse(other.openedAt)} /></span>
            <Link to={`/chats/${other.id}`}>{other.lastMessage ? words(other.lastMessage) : other.closeReason ?? say("status.new")}</Link>
          </li>
        ))}
      </ul>
    </section>
  );
}
