// One's own state: always in sight, since when, and how many chats one carries.

import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { Fragment } from "react";

import { useSetState } from "../../api/commands";
import { useMe } from "../../api/me";
import { chatsQuery, pauseReasonsQuery } from "../../api/queries";
import type { AgentState } from "../../api/types";
import { exact, short } from "../../i18n/format";
import { useLanguage } from "../../i18n/language";
import type { Key } from "../../i18n/messages";
import { Icon } from "../../ui/icon";
import { Menu, MenuItem } from "../../ui/menu";
import { useTicking } from "../../ui/ticker";

const states = ["available", "paused", "busy", "offline"] as const satisfies readonly AgentState[];

export const stateNames: Record<AgentState, Key> = {
  available: "agent.available", paused: "agent.paused", busy: "agent.busy", offline: "agent.offline",
};

export function StateSwitch() {
  const { language, say } = useLanguage();
  const me = useMe();
  const { mutate } = useSetState();
  const now: AgentState = me.state?.state ?? "offline";
  const reason = me.state?.reasonId ?? undefined;
  const { data: reasons } = useQuery(pauseReasonsQuery());
  const since = me.state ? Date.parse(me.state.since) : undefined;
  const { data: load = 0 } = useInfiniteQuery({
    ...chatsQuery("mine"),
    select: ({ pages }) => pages.flatMap(({ items }) => items).filter(({ status }) => status === "assigned" || status === "active").length,
  });
  return (
    <>
      <Menu
        label={say("agent.state", { state: say(stateNames[now]) })}
        className="state"
        button={(
          <>
            <i className={`dot ${now}`} /><span>{say(stateNames[now])}</span>
            {since !== undefined && now !== "offline" && <Lasting since={since} />}
            <Icon name="chevron" size={14} />
          </>
        )}
      >
        {(close) => states.map((one) => (
          <Fragment key={one}>
            <MenuItem checked={one === now && reason === undefined} act={() => { mutate({ state: one }); close(); }}>
              <i className={`dot ${one}`} />{say(stateNames[one])}
            </MenuItem>
            {one === "paused" && reasons?.items.map(({ id, name }) => (
              <MenuItem key={id} checked={id === reason} act={() => { mutate({ state: one, reasonId: id }); close(); }}>
                <i className="dot none" />{say("agent.pause", { reason: name })}
              </MenuItem>
            ))}
          </Fragment>
        ))}
      </Menu>
      <span className="carried" title={say("agent.carries", { load })}><Icon name="active" size={14} /><span aria-hidden="true">{load}</span><span className="unseen">{say("agent.carries", { load })}</span></span>
      {since !== undefined && <span className="unseen">{say("agent.since", { at: exact(language, since) })}</span>}
    </>
  );
}

/** Not for listening to: it ticks. */
function Lasting({ since }: { since: number }) {
  return <span className="lasting" aria-hidden="true">{useTicking((now) => short(now - since))}</span>;
}
