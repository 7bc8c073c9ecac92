// The team: what each is ready for, since when, and how much they carry. Whoever carries most comes first.

import { useQuery, useQueryClient } from "@tanstack/react-query";
import { memo } from "react";

import { answered, api } from "../../api/client";
import { may, useMe } from "../../api/me";
import { wordsOf } from "../../api/problem";
import { keys, usersQuery } from "../../api/queries";
import type { AgentState, User } from "../../api/types";
import { exact } from "../../i18n/format";
import { useLanguage } from "../../i18n/language";
import { Since } from "../../ui/ago";
import { Avatar } from "../../ui/avatar";
import { Icon } from "../../ui/icon";
import { Menu, MenuItem } from "../../ui/menu";
import { toast } from "../../ui/toast";
import { stateNames } from "../desk/state-switch";

const rank: Record<AgentState, number> = { available: 0, busy: 1, paused: 2, offline: 3 };

type Choice = { chosen: string | undefined; choose: (id: string | undefined) => void };

export function Team({ chosen, choose }: Choice) {
  const { say } = useLanguage();
  const { data } = useQuery(usersQuery());
  const agents = (data?.items ?? []).filter(({ state }) => state !== null)
    .sort((a, b) => order(a) - order(b) || b.load - a.load || a.name.localeCompare(b.name));
  return (
    <section className="team" aria-label={say("team")}>
      <header><h2>{say("team")}</h2><span className="count">{agents.length}</span></header>
      {/* eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- what scrolls can be scrolled by keys */}
      <div className="team-body" tabIndex={0} role="region" aria-label={say("team")}>
        <ul>
          {agents.map((agent) => <Row key={agent.id} agent={agent} chosen={agent.id === chosen} choose={choose} />)}
        </ul>
      </div>
    </section>
  );
}

const order = ({ state }: User) => rank[state?.state ?? "offline"];

type RowParts = { agent: User; chosen: boolean; choose: (id: string | undefined) => void };

const Row = memo(function Row({ agent, chosen, choose }: RowParts) {
  const { language, say } = useLanguage();
  const { id, name, state, load } = agent;
  if (!state) return null;
  const since = Date.parse(state.since);
  return (
    <li className={chosen ? "chosen" : ""}>
      <Avatar name={name} presence={state.state} />
      <span className="agent">
        <b>{name}</b>
        <span className="muted" title={exact(language, since)}>
          {say(stateNames[state.state])}{state.state !== "offline" && <> · <Since at={since} /></>}
        </span>
      </span>
      <span className="agent-load" title={say("agent.carries", { load })}>
        <Icon name="active" size={14} /><span aria-hidden="true">{load}</span><span className="unseen">{say("agent.carries", { load })}</span>
      </span>
      <Acts agent={agent} see={() => { choose(chosen ? undefined : id); }} chosen={chosen} />
    </li>
  );
});

function Acts({ agent, see, chosen }: { agent: User; see: () => void; chosen: boolean }) {
  const { say } = useLanguage();
  const me = useMe();
  const client = useQueryClient();
  const put = (state: AgentState) => {
    answered(api.PUT("/api/v1/users/{id}/state", { params: { path: { id: agent.id } }, body: { state } })).then(
      () => client.invalidateQueries({ queryKey: keys.users }),
      (error: unknown) => { toast({ icon: "err", words: wordsOf(error, say) }); },
    );
  };
  return (
    <Menu label={say("team.acts", { name: agent.name })} align="right" className="button plain square small" button={<Icon name="more" />}>
      {(close) => (
        <>
          <MenuItem act={() => { close(); see(); }}><Icon name="eye" />{say(chosen ? "room.all" : "team.chats")}</MenuItem>
          {may(me, "users.update") && (
            <div role="group" aria-label={say("team.state")} className="menu-group">
              <p aria-hidden="true">{say("team.state")}</p>
              {(["available", "paused", "offline"] as const).map((state) => (
                <MenuItem key={state} checked={state === agent.state?.state} act={() => { close(); put(state); }}>
                  <i className={`dot ${state}`} />{say(stateNames[state])}
                </MenuItem>
              ))}
            </div>
          )}
        </>
      )}
    </Menu>
  );
}
