// Times and durations as people read them, in the user's zone and language.

import type { Language } from "./messages";

/** `14:35:02` */
export function clock(language: Language, at: number): string {
  return new Intl.DateTimeFormat(language, {
    hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23",
  }).format(at);
}

/** `hace 12 s`; minutes and hours once there are any. */
export function ago(language: Language, milliseconds: number): string {
  const [amount, unit] = largest(milliseconds);
  return new Intl.RelativeTimeFormat(language, { style: "narrow" }).format(-amount, unit);
}

/** `12 s`; minutes and hours once there are any. */
export function lasting(language: Language, milliseconds: number): string {
  const [amount, unit] = largest(milliseconds);
  return new Intl.NumberFormat(language, { style: "unit", unit, unitDisplay: "short" }).format(amount);
}

function largest(milliseconds: number): [number, "second" | "minute" | "hour"] {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000));
  if (seconds < 60) return [seconds, "second"];
  if (seconds < 3600) return [Math.floor(seconds / 60), "minute"];
  return [Math.floor(seconds / 3600), "hour"];
}
