// What the flow has learned, and the runs that carry the conversation.

import { memo } from "react";

import type { Workflow } from "../../api/types";
import { exact, number } from "../../i18n/format";
import { useLanguage } from "../../i18n/language";
import { Icon } from "../../ui/icon";

export const Variables = memo(function Variables({ workflow }: { workflow: Workflow }) {
  const { say } = useLanguage();
  const variables = Object.entries(workflow.variables);
  return (
    // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- what scrolls can be scrolled by keys
    <div className="learned" tabIndex={0} role="region" aria-label={say("variables")}>
      <section className="card" aria-labelledby="variables">
        <h2 id="variables">{say("variables")}<span className="count">{variables.length}</span></h2>
        {variables.length === 0
          ? <p className="muted">{say("variables.none")}</p>
          : <dl className="values">{variables.map(([name, value]) => <div key={name}><dt><code>{name}</code></dt><dd>{plain(value)}</dd></div>)}</dl>}
      </section>
      <Clocks workflow={workflow} />
      <Runs workflow={workflow} />
    </div>
  );
});

const plain = (value: unknown): string => typeof value === "string" ? value : JSON.stringify(value);

function Clocks({ workflow: { timers } }: { workflow: Workflow }) {
  const { language, say } = useLanguage();
  if (timers.length === 0) return null;
  return (
    <section className="card" aria-labelledby="clocks">
      <h2 id="clocks">{say("clocks")}<span className="count">{timers.length}</span></h2>
      <ul className="rows">
        {timers.map((timer) => (
          <li key={timer.id}><Icon name="timer" size={14} /><span>{timer.effect}</span><time className="muted" dateTime={timer.dueAt}>{exact(language, Date.parse(timer.dueAt))}</time></li>
        ))}
      </ul>
    </section>
  );
}

function Runs({ workflow: { runs, workflowId, temporalAnswers } }: { workflow: Workflow }) {
  const { language, say } = useLanguage();
  return (
    <section className="card" aria-labelledby="runs">
      <h2 id="runs">{say("runs")}<code className="muted">{workflowId}</code></h2>
      {!temporalAnswers && <p className="callout warn"><Icon name="warning" size={14} /><span>{say("runs.unknown")}</span></p>}
      <ul className="rows">
        {runs.map(({ runId, events, status, startedAt }) => (
          <li key={runId}>
            <code>{runId.slice(0, 8)}</code><span>{status}</span>
            <span className="muted">{say("runs.events", { events: number(language, events) })}</span>
            {startedAt !== null && <time className="muted" dateTime={startedAt}>{exact(language, Date.parse(startedAt))}</time>}
          </li>
        ))}
      </ul>
    </section>
  );
}
