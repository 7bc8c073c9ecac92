// The agent's desk: which chat, what is said in it, and with whom.

import { useState } from "react";
import { useParams, useSearchParams } from "react-router";

import { useLanguage } from "../../i18n/language";
import { type Scope, scopes } from "../../live/place";
import { Empty } from "../../ui/empty";
import { Title } from "../title";
import { Commands } from "./commands";
import { Conversation } from "./conversation";
import { List } from "./list";
import "./desk.css";

export function DeskPage() {
  const { say } = useLanguage();
  const { chatId } = useParams();
  const [parameters] = useSearchParams();
  const scope = scopes.find((one) => one === parameters.get("tab")) ?? "mine";
  // Where there is no room for a third pane it lies over the second, and only when it is asked for.
  const [side, setSide] = useState(() => window.matchMedia("(min-width: 1101px)").matches);
  return (
    <main className={`desk ${chatId === undefined ? "at-list" : "at-chat"} ${side ? "with-side" : ""}`}>
      <List scope={scope} chatId={chatId} />
      {chatId === undefined
        ? <Nothing />
        : <Conversation key={chatId} id={chatId} scope={scope} side={side} setSide={setSide} />}
      <Commands scope={scope} chatId={chatId} />
      {chatId === undefined && <Title what={say("desk")} />}
    </main>
  );
}

export const linkTo = (chatId: string, scope: Scope): string => `/chats/${chatId}${scope === "mine" ? "" : `?tab=${scope}`}`;

function Nothing() {
  const { say } = useLanguage();
  return (
    <section className="conversation nothing" aria-label={say("conversation.none")}>
      <Empty title={say("conversation.none")}><p>{say("conversation.none.meaning")}</p></Empty>
    </section>
  );
}
