// The three strands, as a picture; the ledger beside it says the same in words.

import { memo } from "react";

import { clock, exact } from "../../i18n/format";
import { useLanguage } from "../../i18n/language";
import type { Key } from "../../i18n/messages";
import { useTicking } from "../../ui/ticker";
import { type Knot, lanes, type Lane, type Strands } from "./strands";

const names: Record<Lane, Key> = { client: "timeline.client", decision: "timeline.decision", answer: "timeline.answer" };
const heights: Record<Lane, number> = { client: 34, decision: 82, answer: 130 };

export const Timeline = memo(function Timeline({ strands }: { strands: Strands }) {
  const { say } = useLanguage();
  const { knots, past, future, now, width } = strands;
  return (
    <section className="timeline" aria-label={say("timeline")}>
      <h2>{say("timeline")}</h2>
      {/* eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- what scrolls can be scrolled by keys */}
      <div className="timeline-room" tabIndex={0} role="region" aria-label={say("timeline")}>
        <svg viewBox={`0 0 ${width} 176`} role="img" aria-label={say("timeline.meaning")}>
          {lanes.map((lane) => (
            <g key={lane}>
              <text className="lane" x="0" y={heights[lane] + 4}>{say(names[lane])}</text>
              <path className="rule" d={`M72 ${heights[lane]}H${width}`} />
            </g>
          ))}
          <path className="thread strong" d={past} />
          <path className="thread future" d={future} />
          {knots.map((knot, at) => <Tied key={knot.key} knot={knot} labelled={labelled(knots, at)} />)}
          {knots.length > 0 && (
            <g className="needle">
              <path d={`M${now} 22V152`} /><circle cx={now} cy="156" r="5" />
              <text x={now} y="14" textAnchor="middle"><Now /></text>
            </g>
          )}
        </svg>
      </div>
    </section>
  );
});

function Tied({ knot: { lane, x, y, at, words, future, loose }, labelled: shown }: { knot: Knot; labelled: boolean }) {
  const { language } = useLanguage();
  const look = ["knot", lane === "answer" && !future && "full", future && "to-come", loose && "loose"].filter(Boolean).join(" ");
  return (
    <g>
      <title>{`${exact(language, at)} · ${words}`}</title>
      {lane === "decision"
        ? <rect className={look} x={x - 4.5} y={y - 4.5} width="9" height="9" rx="1.5" transform={`rotate(45 ${x} ${y})`} />
        : <circle className={look} cx={x} cy={y} r="5" />}
      {shown && <text x={x} y={y + (lane === "answer" ? 20 : -12)} textAnchor="middle">{clock(language, at)}</text>}
    </g>
  );
}

/** A time is written where the one before it on the same lane leaves room. */
function labelled(knots: readonly Knot[], at: number): boolean {
  const knot = knots[at];
  if (!knot) return false;
  const before = knots.slice(0, at).filter(({ lane }) => lane === knot.lane);
  let shown = -Infinity;
  for (const one of before) if (one.x - shown >= 62) shown = one.x;
  return knot.x - shown >= 62;
}

function Now() {
  const { language, say } = useLanguage();
  return useTicking((now) => say("timeline.now", { at: clock(language, now) }));
}
