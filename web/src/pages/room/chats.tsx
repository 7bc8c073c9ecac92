// Every open chat: with whom, where it stands, who has it, and what is due. What is due first comes first.

import { useVirtualizer } from "@tanstack/react-virtual";
import { memo, useEffect, useMemo, useRef } from "react";
import { Link } from "react-router";

import type { Chat } from "../../api/types";
import { exact } from "../../i18n/format";
import { useLanguage } from "../../i18n/language";
import { Ago } from "../../ui/ago";
import { Avatar } from "../../ui/avatar";
import { Empty } from "../../ui/empty";
import { Icon } from "../../ui/icon";
import { SlaChip } from "../../ui/sla-chip";
import { Status } from "../../ui/status";
import { useChats } from "../desk/chats";
import { nameOf } from "../desk/client";
import { useWordsOf } from "../desk/words";

const ROW = 45;

type Filter = { queue: string | undefined; agent: string | undefined; clear: () => void };

export function Chats({ queue, agent, clear }: Filter) {
  const { say } = useLanguage();
  const { chats, more, hasMore } = useChats("all", "due");
  const shown = useMemo(() => chats?.filter((chat) =>
    (queue === undefined || (chat.queueId === queue && chat.status === "queued")) && (agent === undefined || chat.agentId === agent),
  ), [chats, queue, agent]);
  const scroller = useRef<HTMLDivElement>(null);
  // eslint-disable-next-line react-hooks/incompatible-library -- there is no compiler here that would memoise it
  const virtual = useVirtualizer({
    count: shown?.length ?? 0, getScrollElement: () => scroller.current, estimateSize: () => ROW, overscan: 8,
    getItemKey: (at) => shown?.[at]?.id ?? at,
  });
  const rows = virtual.getVirtualItems();
  const last = rows.at(-1)?.index ?? 0;
  // A filter looks through what is here; the rest of the pages comes first.
  useEffect(() => { if (shown && (last >= shown.length - 10)) more(); });
  return (
    <section className="room-chats" aria-label={say("room.chats")}>
      <header>
        <h2>{say("room.chats")}</h2>
        {shown && <span className="count">{shown.length}{hasMore ? "+" : ""}</span>}
        {(queue !== undefined || agent !== undefined) && (
          <button type="button" className="button quiet" onClick={clear}><Icon name="x" size={14} />{say("room.all")}</button>
        )}
      </header>
      {shown?.length === 0 && !hasMore
        ? <Empty title={say(queue === undefined && agent === undefined ? "list.none.all" : "room.none")} />
        : (
            // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- what scrolls can be scrolled by keys
            <div className="room-scroller" ref={scroller} tabIndex={0} role="region" aria-label={say("room.chats")}>
              <div role="table" aria-label={say("room.chats")} aria-rowcount={(shown?.length ?? 0) + 1}>
                <div role="rowgroup"><Head /></div>
                <div role="rowgroup" className="room-rows" style={{ height: virtual.getTotalSize() }}>
                  {rows.map(({ key, index, start }) => {
                    const chat = shown?.[index];
                    return chat && <Row key={key} chat={chat} index={index + 2} start={start} />;
                  })}
                </div>
              </div>
            </div>
          )}
    </section>
  );
}

function Head() {
  const { say } = useLanguage();
  return (
    <div role="row" className="room-row room-row-head">
      {(["room.client", "room.status", "room.queue", "room.holder", "room.due", "room.last"] as const).map((key) => (
        <span key={key} role="columnheader">{say(key)}</span>
      ))}
      <span role="columnheader"><span className="unseen">{say("room.see")}</span></span>
    </div>
  );
}

const Row = memo(function Row({ chat, index, start }: { chat: Chat; index: number; start: number }) {
  const { language, say } = useLanguage();
  const words = useWordsOf();
  const name = nameOf(chat.client);
  const at = Date.parse(chat.lastActivityAt);
  return (
    <div role="row" aria-rowindex={index} className="room-row" style={{ transform: `translateY(${start}px)` }}>
      <span role="cell" className="room-client">
        <Avatar name={name} size="small" />
        <span>
          <Link to={`/chats/${chat.id}?tab=all`}>{name}</Link>
          <span className="muted">{chat.lastMessage ? words(chat.lastMessage) : "\u00a0"}</span>
        </span>
      </span>
      <span role="cell"><Status status={chat.status} /></span>
      <span role="cell" className="cut">{chat.queue?.name ?? "–"}</span>
      <span role="cell" className="cut">{chat.agent?.name ?? "–"}</span>
      <span role="cell"><SlaChip chat={chat} /></span>
      <span role="cell" className="muted figures" title={exact(language, at)}><Ago at={at} /></span>
      <span role="cell"><Link className="button plain small" to={`/chats/${chat.id}/workflow`} aria-label={say("room.why.of", { name })}><Icon name="knot" size={14} />{say("room.why")}</Link></span>
    </div>
  );
});
