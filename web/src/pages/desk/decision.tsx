// What stands between messages: a decision of Hilo, and a note of a colleague.

import { memo } from "react";
import { Link } from "react-router";

import type { LedgerItem, Note } from "../../api/types";
import { exact, minute } from "../../i18n/format";
import { useLanguage } from "../../i18n/language";
import { Icon } from "../../ui/icon";

type Side = "left" | "right";

type Decided = { item: LedgerItem; side: Side; chatId: string };

export const Decision = memo(function Decision({ item, side, chatId }: Decided) {
  const { language, say } = useLanguage();
  const at = Date.parse(item.at);
  return (
    <div className={`decision ${side}`} title={exact(language, at)}>
      <p>
        <span>{item.text.replace(/\.$/, "")}</span> · <time dateTime={item.at}>{minute(language, at)}</time>
        {" · "}<Link to={`/chats/${chatId}/workflow#why-${item.seq}`}>{say("decision.why")}</Link>
      </p>
    </div>
  );
});

export const NoteRow = memo(function NoteRow({ note, side }: { note: Note; side: Side }) {
  const { language, say } = useLanguage();
  const at = Date.parse(note.at);
  return (
    <article className={`message note ${side}`}>
      <div className="bubble">
        <header>
          <Icon name="lock" size={12} />
          <b>{say("note.of", { name: note.author.name })}</b> · <time dateTime={note.at} title={exact(language, at)}>{minute(language, at)}</time>
          <span className="muted">{say("note.hidden")}</span>
        </header>
        <p className="words" dir="auto">{note.text}</p>
      </div>
    </article>
  );
});
