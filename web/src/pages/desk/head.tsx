// Who the chat is with, and what one may do with it.

import { type ReactNode, useState } from "react";
import { Link } from "react-router";

import { serverNow } from "../../api/clock";
import { useCommand } from "../../api/commands";
import { useMe } from "../../api/me";
import type { Chat, Priority } from "../../api/types";
import { useLanguage } from "../../i18n/language";
import type { Key } from "../../i18n/messages";
import type { Scope } from "../../live/place";
import { Avatar } from "../../ui/avatar";
import { Icon, type IconName } from "../../ui/icon";
import { Menu, MenuItem } from "../../ui/menu";
import { toast } from "../../ui/toast";
import { type Action, actionsFor } from "./actions";
import { nameOf, phoneOf } from "./client";
import { CloseDialog } from "./close-dialog";
import { TransferDialog } from "./transfer-dialog";
import { useAsked } from "./asked";
import { laters } from "./laters";

type Parts = { chat: Chat; scope: Scope; side: boolean; setSide: (shown: boolean) => void };

export function Head({ chat, scope, side, setSide }: Parts) {
  const { say } = useLanguage();
  const me = useMe();
  const allowed = actionsFor(chat, me);
  const [dialog, setDialog] = useState<"close" | "transfer" | "assign">();
  const { mutate } = useCommand();
  const done = () => { setDialog(undefined); };
  const take = () => { mutate({ chatId: chat.id, asked: { verb: "take" } }); };
  const reopen = () => { mutate({ chatId: chat.id, asked: { verb: "reopen" } }); };
  // The keys and the command bar ask for the same.
  useAsked({
    close: allowed.has("close") && (() => { setDialog("close"); }),
    transfer: allowed.has("transfer") && (() => { setDialog("transfer"); }),
    assign: allowed.has("assign") && (() => { setDialog("assign"); }),
    take: allowed.has("take") && take,
    reopen: allowed.has("reopen") && reopen,
    side: () => { setSide(!side); },
  });
  const name = nameOf(chat.client);
  const { phone } = chat.client;
  return (
    <header className="head">
      <Link className="button plain square back" to={`/chats${scope === "mine" ? "" : `?tab=${scope}`}`} aria-label={say("conversation.back")}><Icon name="left" size={20} /></Link>
      <Avatar name={name} accent />
      <div className="whom">
        <h1>{name}</h1>
        <p className="muted">{[phone && phoneOf(phone), chat.queue?.name ?? chat.number.name].filter(Boolean).join(" · ")}</p>
      </div>
      {allowed.has("transfer") && <Way icon="swap" word="action.transfer" act={() => { setDialog("transfer"); }} />}
      {allowed.has("snooze") && <Snooze chat={chat} />}
      {allowed.has("take") && <Main icon="hand" act={take}>{say("action.take")}</Main>}
      {allowed.has("reopen") && <Main icon="undo" act={reopen}>{say("action.reopen")}</Main>}
      {allowed.has("close") && (
        <button type="button" className={`button small ${allowed.has("take") ? "" : "primary"}`} onClick={() => { setDialog("close"); }}>
          <Icon name="closed" /><span className="word">{say("action.close")}</span>
        </button>
      )}
      <More chat={chat} allowed={allowed} side={side} setSide={setSide} open={setDialog} />
      {dialog === "close" && <CloseDialog chat={chat} scope={scope} done={done} />}
      {(dialog === "transfer" || dialog === "assign") && <TransferDialog chat={chat} assign={dialog === "assign"} done={done} />}
    </header>
  );
}

function Main({ icon, act, children }: { icon: IconName; act: () => void; children: ReactNode }) {
  return <button type="button" className="button small primary" onClick={act}><Icon name={icon} />{children}</button>;
}

function Way({ icon, word, act }: { icon: IconName; word: Key; act: () => void }) {
  const { say } = useLanguage();
  return (
    <button type="button" className="button plain small way" title={say(word)} onClick={act}>
      <Icon name={icon} /><span className="word">{say(word)}</span>
    </button>
  );
}

function Snooze({ chat }: { chat: Chat }) {
  const { language, say } = useLanguage();
  const { mutate } = useCommand();
  const until = (at: number, words: string, close: () => void) => {
    close();
    mutate({ chatId: chat.id, asked: { verb: "snooze", until: new Date(at).toISOString() } }, {
      onSuccess: () => { toast({ icon: "moon", words: say("snooze.done", { when: words }) }); },
    });
  };
  return (
    <Menu
      label={say("action.snooze")}
      align="right"
      className="button plain small way"
      button={<><Icon name="moon" /><span className="word">{say("action.snooze")}</span></>}
    >
      {(close) => laters(serverNow(), language).map(({ key, at, words }) => (
        <MenuItem key={key} act={() => { until(at, words, close); }}>{say(key)}<span className="aside-words">{words}</span></MenuItem>
      ))}
    </Menu>
  );
}

const priorities: { priority: Priority; word: Key }[] = [
  { priority: "normal", word: "priority.normal" }, { priority: "high", word: "priority.high" }, { priority: "urgent", word: "priority.urgent" },
];

type MoreParts = {
  chat: Chat; allowed: ReadonlySet<Action>; side: boolean; setSide: (shown: boolean) => void; open: (dialog: "assign") => void;
};

function More({ chat, allowed, side, setSide, open }: MoreParts) {
  const { say } = useLanguage();
  const { mutate } = useCommand();
  return (
    <Menu label={say("action.more")} align="right" className="button plain square small" button={<Icon name="more" />}>
      {(close) => (
        <>
          <MenuItem act={() => { close(); setSide(!side); }}><Icon name="user" />{say(side ? "side.hide" : "side.show")}</MenuItem>
          {allowed.has("assign") && <MenuItem act={() => { close(); open("assign"); }}><Icon name="assigned" />{say("action.assign")}</MenuItem>}
          {allowed.has("returnToBot") && (
            <MenuItem act={() => { close(); mutate({ chatId: chat.id, asked: { verb: "returnToBot" } }); }}>
              <Icon name="bot" />{say("action.returnToBot")}
            </MenuItem>
          )}
          {allowed.has("priority") && (
            <div role="group" aria-label={say("priority")} className="menu-group">
              <p aria-hidden="true">{say("priority")}</p>
              {priorities.map(({ priority, word }) => (
                <MenuItem
                  key={priority}
                  checked={chat.priority === priority}
                  act={() => { close(); mutate({ chatId: chat.id, asked: { verb: "priority", priority } }); }}
                >
                  {say(word)}
                </MenuItem>
              ))}
            </div>
          )}
        </>
      )}
    </Menu>
  );
}
