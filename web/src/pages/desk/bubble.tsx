// A message as a bubble: whose it is, what it says, and what became of it.

import { memo } from "react";

import { Problem, wordsOf } from "../../api/problem";
import type { Interactive, Message } from "../../api/types";
import { exact, minute } from "../../i18n/format";
import { useLanguage } from "../../i18n/language";
import type { Key } from "../../i18n/messages";
import type { Sending } from "../../live/outbox";
import { outbox } from "../../live/use-live";
import { Icon, type IconName } from "../../ui/icon";
import { Tick } from "../../ui/status";
import { useWordsOf } from "./words";

export const Bubble = memo(function Bubble({ message, knot }: { message: Message; knot: boolean }) {
  const { language } = useLanguage();
  const { direction, author, status } = message;
  const at = Date.parse(message.at);
  const side = direction === "inbound" ? "left" : "right";
  const state = status === "uncertain" ? "loose" : status === "failed" ? "failed" : "";
  return (
    <article className={`message ${side} ${author} ${state} ${knot ? "" : "run"}`} data-id={message.id}>
      <div className="bubble">
        <Content message={message} />
        <footer>
          <Author message={message} />
          <time dateTime={message.at} title={exact(language, at)}>{minute(language, at)}</time>
          {status && <Tick status={status} />}
        </footer>
        <Trouble message={message} />
      </div>
    </article>
  );
});

function Author({ message: { author, agent } }: { message: Message }) {
  const { say } = useLanguage();
  switch (author) {
    case "client": return <span className="unseen">{say("author.client")}</span>;
    case "bot": return <span className="who"><Icon name="bot" size={12} />{say("author.bot")}</span>;
    case "agent": return <span className="who">{agent?.name ?? say("author.agent")}</span>;
    case "system": return <span className="who"><Icon name="info" size={12} />{say("author.system")}</span>;
  }
}

const signs: Partial<Record<Message["type"], { icon: IconName; word: Key }>> = {
  image: { icon: "image", word: "kind.image" }, audio: { icon: "sound", word: "kind.audio" },
  video: { icon: "play", word: "kind.video" }, document: { icon: "file", word: "kind.document" },
  sticker: { icon: "image", word: "kind.sticker" }, location: { icon: "pin", word: "kind.location" },
  contacts: { icon: "user", word: "kind.contacts" },
};

function Content({ message }: { message: Message }) {
  const { say } = useLanguage();
  const words = useWordsOf();
  const sign = signs[message.type];
  if (sign) return <Attached message={message} icon={sign.icon} kind={say(sign.word)} />;
  const { interactive } = message;
  return (
    <>
      {interactive?.header && <p className="above">{interactive.header}</p>}
      <p className={`words ${message.text ? "" : "muted"}`} dir="auto">{words(message)}</p>
      {interactive?.footer && <p className="below">{interactive.footer}</p>}
      {interactive && <Choices interactive={interactive} />}
    </>
  );
}

type Attachment = { message: Message; icon: IconName; kind: string };

function Attached({ message: { text, media, location }, icon, kind }: Attachment) {
  const place = [location?.name, location?.address].filter(Boolean).join(", ");
  return (
    <div className="attached">
      <span className="thumb"><Icon name={icon} size={20} /></span>
      <span>
        {text && <p className="words" dir="auto">{text}</p>}
        <span className="muted">{media?.filename ?? (place === "" ? kind : place)}</span>
      </span>
    </div>
  );
}

/** What the client can press, as it stands on their phone; nothing to press here. */
function Choices({ interactive: { kind, choices, button } }: { interactive: Interactive }) {
  const { say } = useLanguage();
  if (kind !== "buttons" && kind !== "list" && kind !== "link") return null;
  const titles = kind === "link" ? [button ?? ""] : choices.map(({ title }) => title);
  return (
    <ul className={`choices ${kind}`} aria-label={say("bubble.choices")}>
      {kind === "list" && button && <li className="opens"><Icon name="queue" size={12} />{button}</li>}
      {titles.map((title, at) => <li key={at}>{title}</li>)}
    </ul>
  );
}

function Trouble({ message: { status, error } }: { message: Message }) {
  const { say } = useLanguage();
  if (status === "uncertain") {
    return <p className="trouble"><Icon name="info" size={14} /><span>{say("bubble.uncertain")}</span></p>;
  }
  if (status !== "failed") return null;
  const why = error?.title ?? error?.code;
  return <p className="trouble"><Icon name="err" size={14} /><span>{why ? say("bubble.failed.why", { why }) : say("bubble.failed")}</span></p>;
}

/** A reply that the server has not answered yet, or has refused. */
export const SendingBubble = memo(function SendingBubble({ sending, knot }: { sending: Sending; knot: boolean }) {
  const { language, say } = useLanguage();
  const { key, text, at, refusal } = sending;
  const problem = refusal && new Problem(refusal.status, refusal.code, refusal.detail, refusal.holder);
  return (
    <article className={`message right agent ${refusal ? "failed" : "under-way"} ${knot ? "" : "run"}`}>
      <div className="bubble">
        <p className="words" dir="auto">{text}</p>
        <footer><time dateTime={at}>{minute(language, Date.parse(at))}</time><Tick status={refusal ? "failed" : "pending"} /></footer>
        {problem && (
          <div className="trouble">
            <Icon name="err" size={14} />
            <span>
              {wordsOf(problem, say)}
              <span className="ways">
                <button type="button" className="link" onClick={() => { outbox().retry(key); }}>{say("bubble.retry")}</button>
                <button type="button" className="link" onClick={() => { outbox().discard(key); }}>{say("bubble.discard")}</button>
              </span>
            </span>
          </div>
        )}
      </div>
    </article>
  );
});
