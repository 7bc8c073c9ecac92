// Durations that run by themselves: each is drawn again alone, and only when its words change.

import { ago, short, span } from "../i18n/format";
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
