// Why everything happened, act by act. The values behind a sentence are one press away.

import { memo, useEffect, useState } from "react";
import { useLocation } from "react-router";

import type { LedgerItem } from "../../api/types";
import { clock, exact } from "../../i18n/format";
import { useLanguage } from "../../i18n/language";
import type { Key } from "../../i18n/messages";
import { groups, isOf, type Group } from "../../live/ledger";
import { Values } from "./values";

const names: Record<Group, Key> = { decisions: "why.decisions", all: "why.all", people: "why.people", clocks: "why.clocks", sends: "why.sends" };

export const Ledger = memo(function Ledger({ items }: { items: readonly LedgerItem[] }) {
  const { say } = useLanguage();
  const [group, setGroup] = useState<Group>("decisions");
  const shown = items.filter((item) => isOf(group, item));
  return (
    <section className="ledger" aria-labelledby="why">
      <header>
        <h2 id="why">{say("why")}</h2><span className="count">{shown.length}</span>
        <span className="space" />
        <fieldset className="segments">
          <legend className="unseen">{say("why.show")}</legend>
          {groups.map((one) => (
            <label key={one}>
              <input type="radio" name="why" checked={one === group} onChange={() => { setGroup(one); }} />
              <span>{say(names[one])}</span>
            </label>
          ))}
        </fieldset>
      </header>
      {shown.length === 0 && <p className="muted">{say("why.none")}</p>}
      <ol className="strand">{shown.map((item) => <Line key={item.seq} item={item} />)}</ol>
    </section>
  );
});

const Line = memo(function Line({ item }: { item: LedgerItem }) {
  const { language } = useLanguage();
  const { hash } = useLocation();
  const id = `why-${item.seq}`;
  const meant = hash === `#${id}`;
  useEffect(() => { if (meant) document.getElementById(id)?.scrollIntoView({ block: "center" }); }, [meant, id]);
  const at = Date.parse(item.at);
  const look = item.kind === "send_uncertain" ? "loose" : item.kind.startsWith("send_") ? "answer" : "decision-knot";
  const time = <time dateTime={item.at} title={exact(language, at)}>{clock(language, at)}</time>;
  const head = <><span>{item.text}</span>{time}</>;
  return (
    <li id={id} className={`${look} ${meant ? "meant" : ""}`}>
      {hasValues(item.detail)
        ? <details open={meant}><summary>{head}</summary><Values of={item.detail} /></details>
        : <p className="line">{head}</p>}
    </li>
  );
});

const hasValues = (detail: unknown): detail is Record<string, unknown> =>
  typeof detail === "object" && detail !== null && Object.keys(detail).length > 0;
