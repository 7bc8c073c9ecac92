// The moments to which one puts something off.

import { moment } from "../../i18n/format";
import type { Key, Language } from "../../i18n/messages";

export type Later = { key: Key; at: number; words: string };

/** In an hour, tomorrow at nine, on Monday at nine; in the user's zone. */
export function laters(now: number, language: Language): Later[] {
  const nine = (days: number) => {
    const day = new Date(now);
    day.setDate(day.getDate() + days);
    return day.setHours(9, 0, 0, 0);
  };
  const weekday = new Date(now).getDay();
  const choices: { key: Key; at: number }[] = [
    { key: "snooze.hour", at: now + 3_600_000 },
    { key: "snooze.tomorrow", at: nine(1) },
    { key: "snooze.monday", at: nine((8 - weekday) % 7 || 7) },
  ];
  return choices.map((one) => ({ ...one, words: moment(language, one.at, now).slice(0, -3) }));
}
