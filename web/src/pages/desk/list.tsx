// The list of chats: one's own state, whose chats, in which order, and a search through all of them.

import { useQuery } from "@tanstack/react-query";
import { useVirtualizer } from "@tanstack/react-virtual";
import { type ReactNode, useDeferredValue, useEffect, useRef, useState } from "react";
import { Link, useNavigate } from "react-router";

import { searchQuery } from "../../api/queries";
import type { Chat } from "../../api/types";
import { useLanguage } from "../../i18n/language";
import type { Key } from "../../i18n/messages";
import { type Order, orders, type Scope, scopes } from "../../live/place";
import { Empty } from "../../ui/empty";
import { Icon } from "../../ui/icon";
import { Menu, MenuItem } from "../../ui/menu";
import { Skeletons } from "../../ui/skeletons";
import { useStore } from "../../ui/store";
import { chooseOrder, order, useChats } from "./chats";
import { Row } from "./row";
import { StateSwitch } from "./state-switch";

export function List({ scope, chatId }: { scope: Scope; chatId: string | undefined }) {
  const { say } = useLanguage();
  const [words, setWords] = useState<string>();
  return (
    <section className="list" aria-label={say("list")}>
      <header className="head">
        <StateSwitch />
        <span className="space" />
        <button
          type="button"
          className="button plain square small"
          aria-label={say("list.search")}
          aria-pressed={words !== undefined}
          onClick={() => { setWords(words === undefined ? "" : undefined); }}
        >
          <Icon name="search" />
        </button>
      </header>
      {words === undefined
        ? <Tabbed scope={scope} chatId={chatId} />
        : <Search words={words} setWords={setWords} scope={scope} chatId={chatId} />}
    </section>
  );
}

const tabs: Record<Scope, Key> = { mine: "tab.mine", unassigned: "tab.unassigned", all: "tab.all" };

function Tabbed({ scope, chatId }: { scope: Scope; chatId: string | undefined }) {
  const { say } = useLanguage();
  const by = useStore(order);
  const { chats, more, isError } = useChats(scope, by);
  return (
    <>
      <nav className="tabs" aria-label={say("list.tabs")}>{scopes.map((one) => <Tab key={one} scope={one} here={scope} chatId={chatId} />)}</nav>
      <div className="order"><OrderChoice /></div>
      <Chats chats={chats} scope={scope} chatId={chatId} more={more}>
        {isError ? <Empty title={say("list.failed")} /> : <Nobody scope={scope} />}
      </Chats>
    </>
  );
}

function Tab({ scope, here, chatId }: { scope: Scope; here: Scope; chatId: string | undefined }) {
  const { say } = useLanguage();
  const { chats, hasMore } = useChats(scope, "activity");
  const to = {
    pathname: chatId === undefined ? "/chats" : `/chats/${chatId}`,
    search: scope === "mine" ? "" : `?tab=${scope}`,
  };
  return (
    <Link to={to} aria-current={scope === here ? "true" : undefined}>
      {say(tabs[scope])}
      {chats && <span className="count">{chats.length}{hasMore ? "+" : ""}</span>}
    </Link>
  );
}

const orderNames: Record<Order, Key> = { due: "order.due", activity: "order.activity", waiting: "order.waiting" };

function OrderChoice() {
  const { say } = useLanguage();
  const by = useStore(order);
  return (
    <Menu
      label={say("order", { by: say(orderNames[by]) })}
      className="button quiet"
      button={<><Icon name="sort" size={14} />{say(orderNames[by])}<Icon name="chevron" size={12} /></>}
    >
      {(close) => orders.map((one) => (
        <MenuItem key={one} checked={one === by} act={() => { chooseOrder(one); close(); }}>
          {say(orderNames[one])}
        </MenuItem>
      ))}
    </Menu>
  );
}

function Nobody({ scope }: { scope: Scope }) {
  const { say } = useLanguage();
  const { chats: waiting = [], hasMore } = useChats("unassigned", "waiting");
  const count = `${waiting.length}${hasMore ? "+" : ""}`;
  if (scope !== "mine") return <Empty title={say(scope === "all" ? "list.none.all" : "list.none.unassigned")} />;
  return (
    <Empty title={say("list.none.mine")}>
      <p>{waiting.length === 0 ? say("list.none.mine.quiet") : say("list.none.mine.waiting", { count })}</p>
      {waiting.length > 0 && <Link className="button small" to="/chats?tab=unassigned">{say("list.none.mine.look")}</Link>}
    </Empty>
  );
}

type Searching = {
  words: string; setWords: (words: string | undefined) => void; scope: Scope; chatId: string | undefined;
};

function Search({ words, setWords, scope, chatId }: Searching) {
  const { say } = useLanguage();
  const asked = useDeferredValue(words.trim());
  const { data } = useQuery(searchQuery(asked));
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => { field.current?.focus(); }, []);
  return (
    <>
      <div className="search">
        <Icon name="search" />
        <input
          ref={field}
          type="search"
          value={words}
          placeholder={say("list.search.words")}
          aria-label={say("list.search")}
          onChange={(event) => { setWords(event.target.value); }}
          onKeyDown={(event) => { if (event.key === "Escape") setWords(undefined); }}
        />
        <button type="button" className="button plain square small" aria-label={say("list.search.leave")} onClick={() => { setWords(undefined); }}>
          <Icon name="x" />
        </button>
      </div>
      {asked !== "" && (
        <Chats chats={data?.items} scope={scope} chatId={chatId} more={() => undefined}><Empty title={say("list.search.none")} /></Chats>
      )}
    </>
  );
}

const ROW = 83;

type Shown = {
  chats: readonly Chat[] | undefined; scope: Scope; chatId: string | undefined; more: () => void; children: ReactNode;
};

function Chats({ chats, scope, chatId, more, children }: Shown) {
  const { say } = useLanguage();
  const scroller = useRef<HTMLDivElement>(null);
  // eslint-disable-next-line react-hooks/incompatible-library -- there is no compiler here that would memoise it
  const virtual = useVirtualizer({
    count: chats?.length ?? 0, getScrollElement: () => scroller.current, estimateSize: () => ROW, overscan: 6,
    getItemKey: (at) => chats?.[at]?.id ?? at,
  });
  const rows = virtual.getVirtualItems();
  const last = rows.at(-1)?.index ?? 0;
  useEffect(() => { if (chats && last >= chats.length - 5) more(); });
  if (!chats) return <Skeletons count={4} />;
  if (chats.length === 0) return <>{children}</>;
  return (
    // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- what scrolls can be scrolled by keys
    <div className="scroller" ref={scroller} tabIndex={0} role="region" aria-label={say("list")}>
      <ul style={{ height: virtual.getTotalSize() }}>
        {rows.map(({ key, index, start }) => {
          const chat = chats[index];
          return chat && (
            <li key={key} style={{ transform: `translateY(${start}px)` }} aria-setsize={chats.length} aria-posinset={index + 1}>
              <Row chat={chat} scope={scope} here={chat.id === chatId} />
            </li>
          );
        })}
      </ul>
    </div>
  );
}

/** The chat before or after this one in its list; the first one when none is open. */
export function useNeighbour(scope: Scope, chatId: string | undefined) {
  const navigate = useNavigate();
  const by = useStore(order);
  const { chats } = useChats(scope, by);
  return (step: 1 | -1, after?: string): void => {
    if (!chats || chats.length === 0) return;
    const at = chats.findIndex(({ id }) => id === (after ?? chatId));
    const next = at === -1 ? chats[0] : chats[at + step];
    if (next) void navigate({ pathname: `/chats/${next.id}`, search: scope === "mine" ? "" : `?tab=${scope}` });
  };
}
