// What the page has seen happen, oldest first, and what it will do next: a thread, dashed where it has not happened.

import { clock, lasting } from "../i18n/format";
import { type Say, useLanguage } from "../i18n/language";
import type { Language } from "../i18n/messages";
import type { Moment, Watch } from "../live/watch";
import { nameOf } from "./services";

export function Moments({ watch, nextAt, now }: { watch: Watch; nextAt: number | undefined; now: number }) {
  const { language, say } = useLanguage();
  // Rounded down: the clock of the page may be a second late, and nobody waits longer than was said.
  const left = nextAt === undefined ? undefined : Math.max(0, Math.floor((nextAt - now) / 1000));
  return (
    <section aria-labelledby="moments">
      <h2 id="moments">{say("moments")}</h2>
      <ol className="moments">
        {watch.moments.map((moment, index) => (
          <li key={`${moment.at}-${index}`} className={signOf(moment)}>
            <time dateTime={new Date(moment.at).toISOString()}>{clock(language, moment.at)}</time>
            <span>{wordsOf(moment, language, say)}</span>
          </li>
        ))}
        <li className="future">
          <time>{nextAt === undefined ? clock(language, now) : clock(language, nextAt)}</time>
          <span>{say(left === undefined ? "moment.asking" : "moment.next")}</span>
          <span className="muted left">{left !== undefined && lasting(language, left * 1000)}</span>
        </li>
      </ol>
    </section>
  );
}

/** Good news are answers (filled), bad news are facts that came upon us (hollow), silence is loose. */
function signOf({ kind }: Moment): string {
  switch (kind) {
    case "opened":
    case "back":
    case "found":
      return "answer";
    case "away":
      return "fact";
    case "lost":
      return "loose";
  }
}

function wordsOf(moment: Moment, language: Language, say: Say): string {
  switch (moment.kind) {
    case "opened":
      return say("moment.opened");
    case "away":
      return say(moment.atFirst ? "moment.awayAtFirst" : "moment.away", { which: nameOf(moment.service, say) });
    case "back":
      return say("moment.back", { which: nameOf(moment.service, say), lasted: lasting(language, moment.lasted) });
    case "lost":
      return say(moment.atFirst ? "moment.lostAtFirst" : "moment.lost");
    case "found":
      return say("moment.found", { lasted: lasting(language, moment.lasted) });
  }
}
