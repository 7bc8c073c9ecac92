// The room: every queue, everybody in the team, and every chat that is open, as they stand now.

import { useQuery } from "@tanstack/react-query";
import { useSearchParams } from "react-router";

import { may, useMe } from "../../api/me";
import { queuesQuery, usersQuery } from "../../api/queries";
import { number } from "../../i18n/format";
import { useLanguage } from "../../i18n/language";
import { Ago } from "../../ui/ago";
import { Icon } from "../../ui/icon";
import { LinkBanner } from "../../ui/link-banner";
import { Title } from "../title";
import { Alarm } from "./alarm";
import { Chats } from "./chats";
import { Queues } from "./queues";
import { Team } from "./team";
import "./room.css";

/** What events cannot tell is asked for as often. */
const EVERY = 15_000;

export default function RoomPage() {
  const { say } = useLanguage();
  const me = useMe();
  const [parameters, setParameters] = useSearchParams();
  const choose = (name: "queue" | "agent", value: string | undefined) => {
    setParameters((was) => {
      was.delete("queue");
      was.delete("agent");
      if (value !== undefined) was.set(name, value);
      return was;
    }, { replace: true });
  };
  const team = may(me, "users.read");
  return (
    <main className="room">
      <Title what={say("room")} />
      <header className="head">
        <h1>{say("room")}</h1>
        <Figures team={team} />
        <Freshness />
      </header>
      <LinkBanner />
      <Alarm />
      <div className={`room-body ${team ? "" : "alone"}`}>
        <div className="room-main">
          <Queues chosen={parameters.get("queue") ?? undefined} choose={(id) => { choose("queue", id); }} />
          <Chats queue={parameters.get("queue") ?? undefined} agent={parameters.get("agent") ?? undefined} clear={() => { choose("queue", undefined); }} />
        </div>
        {team && <Team chosen={parameters.get("agent") ?? undefined} choose={(id) => { choose("agent", id); }} />}
      </div>
    </main>
  );
}

function Figures({ team }: { team: boolean }) {
  const { language, say } = useLanguage();
  const { data: queues } = useQuery({ ...queuesQuery(), refetchInterval: EVERY });
  const { data: users } = useQuery({ ...usersQuery(), refetchInterval: EVERY, enabled: team });
  const agents = users?.items.filter(({ state }) => state !== null) ?? [];
  const waiting = queues?.items.reduce((sum, queue) => sum + queue.waiting, 0);
  const held = agents.reduce((sum, { load }) => sum + load, 0);
  const free = agents.filter(({ state }) => state?.state === "available").length;
  return (
    <dl className="figures-row">
      {waiting !== undefined && <div><dd>{number(language, waiting)}</dd><dt>{say("room.waiting")}</dt></div>}
      {users && <div><dd>{number(language, held)}</dd><dt>{say("room.held")}</dt></div>}
      {users && <div><dd>{number(language, free)}</dd><dt>{say("room.available", { all: number(language, agents.length) })}</dt></div>}
    </dl>
  );
}

function Freshness() {
  const { say } = useLanguage();
  const { dataUpdatedAt } = useQuery(queuesQuery());
  if (dataUpdatedAt === 0) return null;
  return <span className="fresh muted" title={say("room.fresh")}><Icon name="refresh" size={14} /><Ago at={dataUpdatedAt} /></span>;
}
