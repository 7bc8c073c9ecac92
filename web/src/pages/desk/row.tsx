// One chat in the list: who, what was said last, and what is due.

import { memo } from "react";
import { Link } from "react-router";

import type { Chat, Message } from "../../api/types";
import { exact, stamp } from "../../i18n/format";
import { useLanguage } from "../../i18n/language";
import type { Scope } from "../../live/place";
import { Avatar } from "../../ui/avatar";
import { SlaChip } from "../../ui/sla-chip";
import { Status, Tick } from "../../ui/status";
import { nameOf } from "./client";
import { linkTo } from "./desk";
import { useWordsOf } from "./words";

type Parts = { chat: Chat; scope: Scope; here: boolean; queue: string | undefined };

export const Row = memo(function Row({ chat, scope, here, queue }: Parts) {
  const { language, say } = useLanguage();
  const name = nameOf(chat.client);
  const at = Date.parse(chat.lastMessage?.at ?? chat.openedAt);
  const unread = chat.unread > 0 && !here;
  return (
    <Link to={linkTo(chat.id, scope)} className={`row ${unread ? "unread" : ""}`} aria-current={here ? "true" : undefined}>
      <Avatar name={name} accent={here} />
      <span className="lines">
        <span className="first">
          <span className="name">{name}</span>
          <time dateTime={new Date(at).toISOString()} title={exact(language, at)}>{stamp(language, at, Date.now())}</time>
        </span>
        <Preview message={chat.lastMessage ?? undefined} />
        <span className="third">
          <SlaChip chat={chat} />
          {chat.status === "active" || chat.status === "assigned" ? null : <Status status={chat.status} />}
          {queue !== undefined && <span className="where">{queue}</span>}
          {unread && <span className="unread-count">{chat.unread}<span className="unseen"> {say("list.unread")}</span></span>}
        </span>
      </span>
    </Link>
  );
});

function Preview({ message }: { message: Message | undefined }) {
  const words = useWordsOf();
  return (
    <span className="preview">
      {message?.status && <Tick status={message.status} small />}
      <span>{message ? words(message) : "\u00a0"}</span>
    </span>
  );
}
