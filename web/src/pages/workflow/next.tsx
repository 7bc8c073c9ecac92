// What comes next: each with its moment and what is left until then.

import { memo } from "react";

import type { Workflow } from "../../api/types";
import { span } from "../../i18n/format";
import { useLanguage } from "../../i18n/language";
import { Moment } from "../../ui/ago";
import { useTicking } from "../../ui/ticker";

export const Next = memo(function Next({ workflow }: { workflow: Workflow }) {
  const { say } = useLanguage();
  const { next } = workflow;
  return (
    <section className="next" aria-labelledby="next">
      <h2 id="next">{say("next")}</h2>
      {next.length === 0 && <p className="muted">{say("next.none")}</p>}
      <ol className="strand">
        {next.map((one) => (
          <li key={`${one.at ?? ""} ${one.what}`} className={`future ${one.at === null ? "" : "decision-knot"}`}>
            {one.at === null ? <span className="when muted">{say("next.somebody")}</span> : <When at={Date.parse(one.at)} />}
            <span>{one.what}</span>
          </li>
        ))}
      </ol>
    </section>
  );
});

function When({ at }: { at: number }) {
  const { language, say } = useLanguage();
  const left = useTicking((now) => at > now ? say("next.in", { left: span(language, at - now) }) : say("next.due"));
  return (
    <span className="when">
      <b><Moment at={at} /></b>
      <span className="muted">{left}</span>
    </span>
  );
}
