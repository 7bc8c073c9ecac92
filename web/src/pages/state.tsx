// How the installation is: one sentence, what it means for messages, what it depends on, what happened meanwhile, and
// where to go on.

import { type Places, placesBeside } from "../api/places";
import { ago } from "../i18n/format";
import { useLanguage } from "../i18n/language";
import { useWatch, type Watching } from "../live/use-watch";
import type { Watch } from "../live/watch";
import { Chip, type Tone } from "../ui/chip";
import { Entrance } from "../ui/entrance";
import { Icon, type IconName } from "../ui/icon";
import { useNow } from "../ui/use-now";
import type { Hold } from "../ui/weave";
import { Moments } from "./moments";
import { Services, strangers } from "./services";
import { type Verdict, verdictOf, words } from "./verdict";

export function StatePage() {
  return <StateView {...useWatch()} now={useNow()} places={placesBeside(window.location)} />;
}

export type View = Watching & { now: number; places: Places | undefined };

export function StateView({ watch, nextAt, askNow, now, places }: View) {
  const { say } = useLanguage();
  const verdict = verdictOf(watch);
  const { sentence, short, meaning } = words[verdict];
  const which = strangers(watch).join(", ");
  return (
    <Entrance hold={holds[verdict]}>
      <title>{say("title", { what: say(short) })}</title>
      <div className="verdict" role="status">
        <Sign verdict={verdict} />
        <h1>{say(sentence, { which })}</h1>
        <p>{say(meaning)}</p>
      </div>
      <Freshness watch={watch} now={now} asking={nextAt === undefined} askNow={askNow} />
      <Services watch={watch} />
      <Moments watch={watch} nextAt={nextAt} now={now} />
      {places && <PlaceLinks places={places} />}
    </Entrance>
  );
}

const holds: Record<Verdict, Hold> = {
  asking: { question: "basted", decision: "basted", answer: "basted" },
  ready: { question: "taut", decision: "taut", answer: "taut" },
  temporal: { question: "taut", decision: "basted", answer: "basted" },
  redis: { question: "taut", decision: "taut", answer: "basted" },
  both: { question: "taut", decision: "basted", answer: "basted" },
  other: { question: "taut", decision: "taut", answer: "taut" },
  postgres: { question: "basted", decision: "basted", answer: "basted" },
  lost: { question: "loose", decision: "loose", answer: "loose" },
};

const signs: Record<Verdict, { tone: Tone; icon: IconName }> = {
  asking: { tone: "paused", icon: "clock" },
  ready: { tone: "ok", icon: "check" },
  temporal: { tone: "warn", icon: "warning" },
  redis: { tone: "warn", icon: "warning" },
  both: { tone: "warn", icon: "warning" },
  other: { tone: "warn", icon: "warning" },
  postgres: { tone: "breach", icon: "err" },
  lost: { tone: "paused", icon: "wifi" },
};

function Sign({ verdict }: { verdict: Verdict }) {
  const { say } = useLanguage();
  return <Chip {...signs[verdict]}>{say(words[verdict].short)}</Chip>;
}

type Freshness = { watch: Watch; now: number; asking: boolean; askNow: () => void };

/** How old all of this is; not announced, for it ticks. */
function Freshness({ watch, now, asking, askNow }: Freshness) {
  const { language, say } = useLanguage();
  const age = watch.last && say("state.updated", { ago: ago(language, now - watch.last.at) });
  return (
    <p className="freshness">
      <span>{age ?? say("state.never")}</span>
      <button type="button" className="button quiet" onClick={askNow} aria-disabled={asking}>
        <Icon name="refresh" size={14} />{say("state.askNow")}
      </button>
    </p>
  );
}

function PlaceLinks({ places }: { places: Places }) {
  const { say } = useLanguage();
  return (
    <nav aria-label={say("places")} className="places">
      <a className="button primary" href={places.phone}><Icon name="phone" />{say("place.phone")}</a>
      <a className="button" href={places.temporal}><Icon name="out" />{say("place.temporal")}</a>
    </nav>
  );
}
