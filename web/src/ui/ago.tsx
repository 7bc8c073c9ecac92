// Durations that run by themselves: each is drawn again alone, and only when its words change.

import { ago, exact, moment, short, span, stamp } from "../i18n/format";
import { useLanguage } from "../i18n/language";
import { useTicking } from "./ticker";

/** `hace 12 s` */
export function Ago({ at }: { at: number }) {
  const { language } = useLanguage();
  return useTicking((now) => ago(language, now - at));
}

/** `4 min 19 s` since a moment. */
export function Since({ at }: { at: number }) {
  const { language } = useLanguage();
  return useTicking((now) => span(language, now - at));
}

/** `02:41` until a moment, or since it. */
export function Running({ at, past = false }: { at: number; past?: boolean }) {
  return useTicking((now) => short(past ? now - at : at - now));
}

/** `14:35` today, `23 nov` before; the exact moment under the pointer. */
export function Stamp({ at }: { at: number }) {
  const { language } = useLanguage();
  const words = useTicking((now) => stamp(language, at, now));
  return <time dateTime={new Date(at).toISOString()} title={exact(language, at)}>{words}</time>;
}

/** `14:35:02`, `mañana 14:35:02` */
export function Moment({ at }: { at: number }) {
  const { language } = useLanguage();
  const words = useTicking((now) => moment(language, at, now));
  return <time dateTime={new Date(at).toISOString()} title={exact(language, at)}>{words}</time>;
}
