// One chat in the list: who, what was said last, and what is due.

import { memo } from "react";
import { Link } from "react-router";

import type { Chat, Message } from "../../api/types";
import { useLanguage } from "../../i18n/language";
import type { Scope } from "../../live/place";
import { Stamp } from "../../ui/ago";
import { Avatar } from "../../ui/avatar";
import { SlaChip } from "../../ui/sla-chip";
import { Status, Tick } from "../../ui/status";
import { nameOf } from "./client";
import { linkTo } from "./desk";
import { useWordsOf } from "./words";

type Parts = { chat: Chat; scope: Scope; here: boolean };

export const Row = memo(function Row({ chat, scope, here }: Parts) {
  const { say } = useLanguage();
  const name = nameOf(chat.client);
  const at = Date.parse(chat.lastActivityAt);
  const unread = chat.unread > 0 && !here;
  return (
    <Link to={linkTo(chat.id, scope)} className={`row ${unread ? "unread" : ""}`} aria-current={here ? "true" : undefined}>
      <Avatar name={name} accent={here} />
      <span className="lines">
        <span className="first">
          <span className="name">{name}</span>
          <Stamp at={at} />
        </span>
        <Preview message={chat.lastMessage ?? undefined} />
        <span className="third">
          <SlaChip chat={chat} />
          {chat.status === "active" || chat.status === "assigned" ? null : <Status status={chat.status} />}
          {chat.queue && <span className="where">{chat.queue.name}</span>}
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
