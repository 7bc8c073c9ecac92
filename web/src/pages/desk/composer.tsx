// What one says next: to the client, or in a note that the client never sees. The draft stays with its chat.

import { type KeyboardEvent, useEffect, useRef, useState } from "react";

import { useAddNote, useCommand } from "../../api/commands";
import { newKey } from "../../api/key";
import { useMe } from "../../api/me";
import type { Chat } from "../../api/types";
import { exact, number, span } from "../../i18n/format";
import { useLanguage } from "../../i18n/language";
import { tellTyping } from "../../live/connection";
import { windowOf } from "../../live/sla";
import { outbox } from "../../live/use-live";
import { Icon } from "../../ui/icon";
import { recallDraft, rememberDraft } from "../../ui/memory";
import { useTicking } from "../../ui/ticker";
import { type Action, actionsFor } from "./actions";
import { useAsked } from "./asked";

const LIMIT = 4096;

/** In characters as WhatsApp counts them: code points. */
const lengthOf = (words: string): number => Array.from(words).length;
const TYPING_EVERY = 2_500;

export function Composer({ chat }: { chat: Chat }) {
  const { say } = useLanguage();
  const me = useMe();
  const allowed = actionsFor(chat, me);
  const open = useTicking((now) => windowOf(chat, now).open);
  const replies = allowed.has("reply");
  const [noting, setNoting] = useState(false);
  const note = allowed.has("note") && noting;
  useAsked({
    note: allowed.has("note") && (() => { setNoting(true); }),
    reply: replies && (() => { setNoting(false); }),
  });
  if (!allowed.has("note") && !replies) return null;
  return (
    <div className={`composer ${note ? "noting" : ""}`}>
      <div className="composer-head">
        <button type="button" className="mode" aria-pressed={!note} onClick={() => { setNoting(false); }}><Icon name="reply" size={14} />{say("composer.reply")}</button>
        {allowed.has("note") && (
          <button type="button" className="mode note" aria-pressed={note} onClick={() => { setNoting(true); }}><Icon name="note" size={14} /><span className="word">{say("composer.note")}</span></button>
        )}
        <span className="space" />
        {!note && replies && open && <Window chat={chat} />}
      </div>
      {note && <NoteBox key="note" chatId={chat.id} />}
      {!note && (replies && open ? <ReplyBox key="reply" chatId={chat.id} /> : <Why chat={chat} allowed={allowed} />)}
    </div>
  );
}

function Window({ chat }: { chat: Chat }) {
  const { language, say } = useLanguage();
  const left = useTicking((now) => span(language, windowOf(chat, now).left));
  const at = chat.windowClosesAt === null ? undefined : exact(language, Date.parse(chat.windowClosesAt));
  const [before, behind] = say("composer.window", { left: "\n" }).split("\n");
  return <span className="window" title={at}>{before}<b>{left}</b>{behind}</span>;
}

/** Why one cannot write here, and what to do instead. */
function Why({ chat, allowed }: { chat: Chat; allowed: ReadonlySet<Action> }) {
  const { say } = useLanguage();
  const { mutate } = useCommand();
  const me = useMe();
  const words = () => {
    if (chat.status === "closed") return say("why.closed");
    if (allowed.has("reply")) return say("why.window");
    if (chat.agentId === me.id) return say("why.pending");
    if (chat.agent) return say("why.theirs", { name: chat.agent.name });
    return say(chat.status === "bot" || chat.status === "new" ? "why.bot" : "why.queued");
  };
  return (
    <div className="why">
      <Icon name={allowed.has("reply") ? "lock" : "info"} />
      <span>{words()}</span>
      {allowed.has("take") && (
        <button type="button" className="button small" onClick={() => { mutate({ chatId: chat.id, asked: { verb: "take" } }); }}>
          <Icon name="hand" size={14} />{say("action.take")}
        </button>
      )}
    </div>
  );
}

function ReplyBox({ chatId }: { chatId: string }) {
  const { say } = useLanguage();
  const [text, setText] = useState(() => recallDraft(chatId));
  const told = useRef(0);
  const change = (words: string) => {
    setText(words);
    rememberDraft(chatId, words);
    if (Date.now() - told.current < TYPING_EVERY || words === "") return;
    told.current = Date.now();
    tellTyping(chatId);
  };
  // Emptied at once: a second press finds nothing to send.
  const send = () => {
    const words = text.trim();
    if (words === "" || lengthOf(words) > LIMIT) return;
    change("");
    outbox().send(chatId, words);
  };
  return <Box text={text} change={change} send={send} label={say("composer.message")} hint={say("composer.hint")} button={say("composer.send")} />;
}

function NoteBox({ chatId }: { chatId: string }) {
  const { say } = useLanguage();
  const [text, setText] = useState(() => recallDraft(`${chatId}.note`));
  const { mutate, isPending } = useAddNote(chatId);
  const key = useRef(newKey());
  const change = (words: string) => {
    setText(words);
    rememberDraft(`${chatId}.note`, words);
  };
  const send = () => {
    const words = text.trim();
    if (words === "" || lengthOf(words) > LIMIT || isPending) return;
    mutate({ text: words, key: key.current }, {
      onSuccess: () => {
        change("");
        key.current = newKey();
      },
    });
  };
  return <Box text={text} change={change} send={send} label={say("composer.note.label")} hint={say("composer.note.hint")} button={say("composer.note.send")} />;
}

type BoxParts = {
  text: string; change: (words: string) => void; send: () => void; label: string; hint: string; button: string;
};

function Box({ text, change, send, label, hint, button }: BoxParts) {
  const { language } = useLanguage();
  const field = useRef<HTMLTextAreaElement>(null);
  // On a phone the keyboard would cover the chat before one has read it.
  useEffect(() => { if (window.matchMedia("(min-width: 760px)").matches) field.current?.focus({ preventScroll: true }); }, []);
  const pressed = (event: KeyboardEvent) => {
    // A key that ends a composed letter is not the sender's Enter.
    if (event.key !== "Enter" || event.shiftKey || event.nativeEvent.isComposing) return;
    event.preventDefault();
    send();
  };
  const length = lengthOf(text);
  return (
    <>
      <textarea
        ref={field}
        className="composer-text"
        aria-label={label}
        placeholder={hint}
        rows={1}
        value={text}
        dir="auto"
        onChange={(event) => { change(event.target.value); }}
        onKeyDown={pressed}
      />
      <div className="composer-foot">
        <span className="space" />
        <span className={`limit ${length > LIMIT ? "over" : ""}`}>{length > 0 && `${number(language, length)} / ${number(language, LIMIT)}`}</span>
        <button type="button" className="button primary" aria-disabled={text.trim() === "" || length > LIMIT} onClick={() => { send(); field.current?.focus(); }}>
          <span className="word">{button}</span><kbd aria-hidden="true">↵</kbd>
        </button>
      </div>
    </>
  );
}
