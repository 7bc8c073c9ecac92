// What was said, newest below. The scroller grows upwards: it stays at the end by itself while one is there, and older
// pages move nothing that is being read.

import { useInfiniteQuery, useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useMemo, useRef, useState } from "react";

import { may, useMe } from "../../api/me";
import { ledgerQuery, loadOlder, logQuery, notesQuery } from "../../api/queries";
import type { Chat } from "../../api/types";
import { day } from "../../i18n/format";
import { useLanguage } from "../../i18n/language";
import { notYetThere, type Sending } from "../../live/outbox";
import { isOpen } from "../../live/place";
import { outbox, typing } from "../../live/use-live";
import { Icon } from "../../ui/icon";
import { Skeletons } from "../../ui/skeletons";
import { useStore } from "../../ui/store";
import { useTicking } from "../../ui/ticker";
import { Bubble, SendingBubble } from "./bubble";
import { nameOf } from "./client";
import { Decision, NoteRow } from "./decision";
import { type Row, weave } from "./weave";

const NONE: readonly never[] = [];

export function Log({ chat }: { chat: Chat }) {
  const { language, say } = useLanguage();
  const client = useQueryClient();
  const me = useMe();
  const { data: log } = useQuery({ ...logQuery(client, chat.id), staleTime: Infinity });
  const { data: notes } = useQuery(notesQuery(chat.id));
  const { data: ledger } = useInfiniteQuery({ ...ledgerQuery(chat.id, language), enabled: may(me, "workflows.read") });
  const sendings = useSendings(chat.id);
  const messages = log?.messages ?? NONE;
  const rows = useMemo(() => weave({
    messages, notes: notes?.items ?? NONE, decisions: ledger?.pages.flatMap(({ items }) => items) ?? NONE,
    sendings: notYetThere(sendings, messages),
  }), [messages, notes, ledger, sendings]);

  const scroller = useRef<HTMLDivElement>(null);
  const [away, setAway] = useState(false);
  const loading = useOlder(chat.id, log?.older ?? null, scroller);
  const end = () => { scroller.current?.scrollTo({ top: 0, behavior: "smooth" }); };
  const [newest] = rows.slice(-1);
  const lastOwn = newest?.kind === "sending" ? newest.key : undefined;
  useEffect(() => { if (lastOwn !== undefined) scroller.current?.scrollTo({ top: 0 }); }, [lastOwn]);

  return (
    <div className="weave">
      <div
        ref={scroller}
        className="weave-scroller"
        role="log"
        aria-label={say("log", { name: nameOf(chat.client) })}
        aria-live="polite"
        // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- what scrolls can be scrolled by keys
        tabIndex={0}
        onScroll={(event) => { setAway(event.currentTarget.scrollTop < -160); }}
      >
        <div className="weave-rows">
          {loading && <p className="weave-loading muted" aria-busy="true">{say("log.older")}</p>}
          {!log && <Skeletons count={3} look="bubbles" />}
          {rows.map((row) => <Woven key={row.key} row={row} chat={chat} />)}
          <Typing chatId={chat.id} />
          {isOpen(chat) && rows.length > 0 && <div className={`tail ${rows.at(-1)?.side ?? "left"}`} />}
        </div>
      </div>
      {away && <button type="button" className="button to-end" onClick={end}><Icon name="down" size={14} />{say("log.end")}</button>}
    </div>
  );
}

function Woven({ row, chat }: { row: Row; chat: Chat }) {
  return (
    <>
      {row.day !== undefined && <Day at={row.day} />}
      {row.crosses && <Crossing to={row.side} />}
      <Piece row={row} chat={chat} />
    </>
  );
}

function Piece({ row, chat }: { row: Row; chat: Chat }) {
  switch (row.kind) {
    case "message": return <Bubble message={row.message} knot={row.knot} />;
    case "note": return <NoteRow note={row.note} side={row.side} />;
    case "decision": return <Decision item={row.item} side={row.side} chatId={chat.id} />;
    case "sending": return <SendingBubble sending={row.sending} knot={row.knot} />;
  }
}

function Day({ at }: { at: number }) {
  const { language } = useLanguage();
  return <p className="day">{useTicking((now) => day(language, at, now))}</p>;
}

/** The thread goes over to the other side. */
function Crossing({ to }: { to: "left" | "right" }) {
  return (
    <div className={`crossing ${to}`} aria-hidden="true">
      <svg viewBox="0 0 100 36" preserveAspectRatio="none"><path d="M0 0C0 13 3 18 14 18H86C97 18 100 23 100 36" /></svg>
    </div>
  );
}

function Typing({ chatId }: { chatId: string }) {
  const { say } = useLanguage();
  const who = useStore(typing, (all) => all[chatId]);
  const still = useTicking((now) => (who?.until ?? 0) > now);
  return who && still ? <p className="typing" role="status"><Icon name="active" size={14} />{say("log.typing", { name: who.name })}</p> : null;
}

/** Asks for the page before when one scrolls near the beginning. */
function useOlder(id: string, older: string | null, scroller: React.RefObject<HTMLDivElement | null>): boolean {
  const client = useQueryClient();
  const [loading, setLoading] = useState(false);
  useEffect(() => {
    const box = scroller.current;
    if (!box || older === null) return;
    let under = false;
    const look = () => {
      if (under || box.scrollHeight - box.clientHeight + box.scrollTop > 300) return;
      under = true;
      setLoading(true);
      void loadOlder(client, id).catch(() => undefined).finally(() => {
        under = false;
        setLoading(false);
      });
    };
    look();
    box.addEventListener("scroll", look, { passive: true });
    return () => { box.removeEventListener("scroll", look); };
  }, [client, id, older, scroller]);
  return loading;
}

function useSendings(chatId: string): readonly Sending[] {
  const all = useStore(outbox().sendings);
  return useMemo(() => all.filter((one) => one.chatId === chatId), [all, chatId]);
}
