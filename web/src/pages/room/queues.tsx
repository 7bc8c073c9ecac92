// The queues, the worst first: how many wait, and for how long.

import { useQuery } from "@tanstack/react-query";
import { memo } from "react";

import { may, useMe } from "../../api/me";
import { campaignsQuery, queuesQuery } from "../../api/queries";
import type { Queue } from "../../api/types";
import { short } from "../../i18n/format";
import { useLanguage } from "../../i18n/language";
import type { Key } from "../../i18n/messages";
import { Icon, type IconName } from "../../ui/icon";
import { useTicking } from "../../ui/ticker";
import { type Risk, riskOf, worstFirst } from "./risk";

export function Queues({ chosen, choose }: { chosen: string | undefined; choose: (id: string | undefined) => void }) {
  const { say } = useLanguage();
  const me = useMe();
  const { data } = useQuery(queuesQuery());
  const { data: campaigns } = useQuery({ ...campaignsQuery(), enabled: may(me, "campaigns.read") });
  const limitOf = ({ campaignId }: Queue) => {
    const seconds = campaigns?.items.find(({ id }) => id === campaignId)?.firstReplySeconds;
    return seconds === undefined ? undefined : seconds * 1000;
  };
  // The order is looked at again every few seconds, not with each tick: nothing jumps under the pointer.
  const now = useTicking((at) => Math.floor(at / 5_000) * 5_000);
  if (!data) return <div className="queues" aria-busy="true"><i className="queue skeleton" /><i className="queue skeleton" /></div>;
  return (
    <section className="queues" aria-label={say("room.queues")}>
      {worstFirst(data.items, limitOf, now).map((queue) => (
        <Tile key={queue.id} queue={queue} limit={limitOf(queue)} chosen={queue.id === chosen} choose={choose} />
      ))}
    </section>
  );
}

const risks: Record<Risk, { word: Key; icon: IconName }> = {
  breach: { word: "risk.breach", icon: "err" }, warn: { word: "risk.warn", icon: "warning" }, ok: { word: "risk.ok", icon: "check" },
};

type TileParts = { queue: Queue; limit: number | undefined; chosen: boolean; choose: (id: string | undefined) => void };

const Tile = memo(function Tile({ queue, limit, chosen, choose }: TileParts) {
  const { say } = useLanguage();
  const since = queue.oldestSince === null ? undefined : Date.parse(queue.oldestSince);
  const risk = useTicking((now) => riskOf(since === undefined ? undefined : now - since, limit));
  const { word, icon } = risks[risk];
  return (
    <button
      type="button"
      className={`queue ${risk}`}
      aria-pressed={chosen}
      onClick={() => { choose(chosen ? undefined : queue.id); }}
    >
      <span className="queue-head"><b>{queue.name}</b><span className="risk"><Icon name={icon} size={18} />{say(word)}</span></span>
      <span className="queue-figures">
        <span><span className="big">{queue.waiting}</span><span className="small-words">{say("room.waiting")}</span></span>
        <span className="longest">
          <span className="wait">{since === undefined ? "–" : <Waited since={since} />}</span>
          <span className="small-words">{limit === undefined ? say("queue.longest") : say("queue.longest.limit", { limit: short(limit) })}</span>
        </span>
      </span>
      <span className="small-words">{say(queue.availableAgents === 1 ? "queue.available.one" : "queue.available", { count: queue.availableAgents })}</span>
    </button>
  );
});

function Waited({ since }: { since: number }) {
  return useTicking((now) => short(now - since));
}
