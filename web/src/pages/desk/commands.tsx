// The keys of the desk, and the bar in which everything can be asked for by name.

import { useEffect, useState } from "react";
import { useNavigate } from "react-router";

import { useSetState } from "../../api/commands";
import { supervises, useMe } from "../../api/me";
import { useLanguage } from "../../i18n/language";
import type { Key } from "../../i18n/messages";
import { type Scope, scopes } from "../../live/place";
import { Dialog } from "../../ui/dialog";
import { Icon, type IconName } from "../../ui/icon";
import { type Ask, ask, canBeAsked } from "./asked";
import { useNeighbour } from "./list";
import { stateNames } from "./state-switch";

/** By the letter that the layout gives, with Alt: nothing is lost while one types. */
const letters: Record<string, Ask | "next" | "previous" | "tab"> = {
  j: "next", k: "previous", n: "tab", e: "close", l: "reply", p: "note", o: "side",
};

export function Commands({ scope, chatId }: { scope: Scope; chatId: string | undefined }) {
  const navigate = useNavigate();
  const neighbour = useNeighbour(scope, chatId);
  const [open, setOpen] = useState(false);
  useEffect(() => {
    const pressed = (event: KeyboardEvent) => {
      const letter = event.key.toLowerCase();
      if (letter === "k" && (event.ctrlKey || event.metaKey) && !event.altKey) {
        event.preventDefault();
        setOpen((was) => !was);
        return;
      }
      if (!event.altKey || event.ctrlKey || event.metaKey) return;
      const wanted = letters[letter];
      if (!wanted || document.querySelector("dialog[open]")) return;
      event.preventDefault();
      if (wanted === "next") neighbour(1);
      else if (wanted === "previous") neighbour(-1);
      else if (wanted === "tab") {
        const next = scopes[(scopes.indexOf(scope) + 1) % scopes.length] ?? "mine";
        void navigate({ pathname: chatId === undefined ? "/chats" : `/chats/${chatId}`, search: next === "mine" ? "" : `?tab=${next}` });
      } else ask(wanted);
    };
    document.addEventListener("keydown", pressed);
    return () => { document.removeEventListener("keydown", pressed); };
  }, [neighbour, navigate, scope, chatId]);
  return open ? <Bar chatId={chatId} neighbour={neighbour} close={() => { setOpen(false); }} /> : null;
}

type Entry = { word: string; icon: IconName; keys?: string; act: () => void };

const asks: { what: Ask; word: Key; icon: IconName; keys?: string }[] = [
  { what: "take", word: "action.take", icon: "hand" },
  { what: "reply", word: "composer.reply", icon: "reply", keys: "Alt L" },
  { what: "note", word: "composer.note", icon: "note", keys: "Alt P" },
  { what: "close", word: "action.close", icon: "closed", keys: "Alt E" },
  { what: "reopen", word: "action.reopen", icon: "undo" },
  { what: "transfer", word: "action.transfer", icon: "swap" },
  { what: "assign", word: "action.assign", icon: "assigned" },
  { what: "side", word: "command.side", icon: "user", keys: "Alt O" },
];

type BarParts = { chatId: string | undefined; neighbour: (step: 1 | -1) => void; close: () => void };

function Bar({ chatId, neighbour, close }: BarParts) {
  const { say } = useLanguage();
  const me = useMe();
  const navigate = useNavigate();
  const { mutate } = useSetState();
  const [words, setWords] = useState("");
  const [at, setAt] = useState(0);
  const go = (to: string) => () => void navigate(to);
  const entries: Entry[] = [
    ...asks.filter(({ what }) => canBeAsked(what))
      .map(({ what, word, ...look }) => ({ ...look, word: say(word), act: () => { ask(what); } })),
    { word: say("command.next"), icon: "down", keys: "Alt J", act: () => { neighbour(1); } },
    { word: say("command.previous"), icon: "up", keys: "Alt K", act: () => { neighbour(-1); } },
    ...chatId === undefined ? [] : [{ word: say("chat.thread"), icon: "knot" as const, act: go(`/chats/${chatId}/workflow`) }],
    ...(["available", "paused", "busy", "offline"] as const).map((state) => ({
      word: say("command.state", { state: say(stateNames[state]) }), icon: "user" as const, act: () => { mutate({ state }); },
    })),
    { word: say("tab.unassigned"), icon: "inbox", act: go("/chats?tab=unassigned") },
    ...supervises(me) ? [{ word: say("rail.room"), icon: "wall" as const, act: go("/room") }] : [],
  ];
  const found = entries.filter(({ word }) => plain(word).includes(plain(words.trim())));
  const chosen = Math.min(at, found.length - 1);
  const run = (entry: Entry | undefined) => {
    if (!entry) return;
    close();
    // The bar gives the focus back first; what was asked for may take it.
    setTimeout(entry.act, 0);
  };
  return (
    <Dialog title={say("command")} close={close} className="bar">
      <div className="bar-question">
        <Icon name="search" size={20} />
        <input
          type="text"
          role="combobox"
          aria-expanded="true"
          aria-controls="bar-list"
          aria-label={say("command.search")}
          placeholder={say("command.search")}
          aria-activedescendant={found.length > 0 ? `bar-${chosen}` : undefined}
          value={words}
          onChange={(event) => { setWords(event.target.value); setAt(0); }}
          onKeyDown={(event) => {
            const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
            if (step !== undefined) {
              event.preventDefault();
              setAt((chosen + step + found.length) % Math.max(1, found.length));
            } else if (event.key === "Enter") {
              event.preventDefault();
              run(found[chosen]);
            }
          }}
        />
      </div>
      <div id="bar-list" role="listbox" aria-label={say("command")}>
        {found.map((entry, index) => (
          // The field above has the keys.
          // eslint-disable-next-line jsx-a11y/click-events-have-key-events
          <div
            key={entry.word}
            id={`bar-${index}`}
            role="option"
            aria-selected={index === chosen}
            tabIndex={-1}
            onClick={() => { run(entry); }}
            onPointerMove={() => { setAt(index); }}
          >
            <Icon name={entry.icon} /><span>{entry.word}</span>{entry.keys && <kbd>{entry.keys}</kbd>}
          </div>
        ))}
        {found.length === 0 && <p className="muted">{say("command.none")}</p>}
      </div>
    </Dialog>
  );
}

const plain = (words: string) => words.normalize("NFD").replace(/\p{M}/gu, "").toLocaleLowerCase();
