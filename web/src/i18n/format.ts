// Times and durations as people read them, in the user's zone and language.

import type { Language } from "./messages";

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** `14:35:02` */
export function clock(language: Language, at: number): string {
  return time(language, { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" }).format(at);
}

/** `14:35` */
export function minute(language: Language, at: number): string {
  return time(language, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" }).format(at);
}

/** `24 nov, 14:35:02`: the exact moment behind anything that is said shorter. */
export function exact(language: Language, at: number): string {
  return `${time(language, { day: "numeric", month: "short" }).format(at)}, ${clock(language, at)}`;
}

/** `14:35` today, `23 nov` before. */
export function stamp(language: Language, at: number, now: number): string {
  return days(at, now) === 0 ? minute(language, at) : time(language, { day: "numeric", month: "short" }).format(at);
}

/** `martes, 24 de noviembre`, with the word for a day that is near. */
export function day(language: Language, at: number, now: number): string {
  const distance = days(at, now);
  const date = time(language, { weekday: "long", day: "numeric", month: "long" }).format(at);
  if (Math.abs(distance) > 1) return date;
  const near = new Intl.RelativeTimeFormat(language, { numeric: "auto" }).format(distance, "day");
  return `${near.charAt(0).toLocaleUpperCase(language)}${near.slice(1)}, ${date}`;
}

/** `mañana 14:31:07`: a moment that may be on another day. */
export function moment(language: Language, at: number, now: number): string {
  const distance = days(at, now);
  if (distance === 0) return clock(language, at);
  const date = Math.abs(distance) === 1
    ? new Intl.RelativeTimeFormat(language, { numeric: "auto" }).format(distance, "day")
    : time(language, { day: "numeric", month: "short" }).format(at);
  return `${date} ${clock(language, at)}`;
}

/** `02:41`, `3 h 20`, `2 d 4 h`: what a chip shows of a duration. It never gets wider while it runs. */
export function short(milliseconds: number): string {
  const whole = Math.max(0, Math.floor(milliseconds / SECOND));
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60];
  if (hours >= 24) return `${Math.floor(hours / 24)} d ${hours % 24} h`;
  if (hours > 0) return `${hours} h ${two(minutes)}`;
  return `${two(minutes)}:${two(whole % 60)}`;
}

/** `4 min 19 s`, `23 h 55 min`, `2 días 4 h`: a duration in a sentence, its two largest parts. */
export function span(language: Language, milliseconds: number): string {
  let rest = Math.max(0, Math.floor(milliseconds / SECOND)) * SECOND;
  const parts: string[] = [];
  for (const [size, unit] of [[DAY, "day"], [HOUR, "hour"], [MINUTE, "minute"], [SECOND, "second"]] as const) {
    const amount = Math.floor(rest / size);
    rest -= amount * size;
    if (amount > 0 || (unit === "second" && parts.length === 0)) parts.push(measured(language, amount, unit));
    else if (parts.length > 0) break;
    if (parts.length === 2) break;
  }
  return parts.join(" ");
}

/** `hace 12 s`; minutes and hours once there are any. */
export function ago(language: Language, milliseconds: number): string {
  const [amount, unit] = largest(milliseconds);
  return new Intl.RelativeTimeFormat(language, { style: "narrow" }).format(-amount, unit);
}

/** `12 s`; minutes and hours once there are any. */
export function lasting(language: Language, milliseconds: number): string {
  const [amount, unit] = largest(milliseconds);
  return measured(language, amount, unit);
}

/** `1.204` */
export const number = (language: Language, value: number): string => new Intl.NumberFormat(language).format(value);

/** How many midnights lie between two moments, in the user's zone. */
export function days(at: number, now: number): number {
  const midnight = (moment: number) => new Date(moment).setHours(0, 0, 0, 0);
  return Math.round((midnight(at) - midnight(now)) / DAY);
}

const two = (amount: number) => String(amount).padStart(2, "0");

type Unit = "second" | "minute" | "hour" | "day";

function measured(language: Language, amount: number, unit: Unit): string {
  return new Intl.NumberFormat(language, { style: "unit", unit, unitDisplay: "short" }).format(amount);
}

function largest(milliseconds: number): [number, Exclude<Unit, "day">] {
  const seconds = Math.max(0, Math.floor(milliseconds / SECOND));
  if (seconds < 60) return [seconds, "second"];
  if (seconds < 3600) return [Math.floor(seconds / 60), "minute"];
  return [Math.floor(seconds / 3600), "hour"];
}

// A formatter is dear to make, and a long list asks for the same few again and again.
const made = new Map<string, Intl.DateTimeFormat>();

function time(language: Language, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = `${language} ${Object.entries(options).join(" ")}`;
  let format = made.get(key);
  if (!format) made.set(key, format = new Intl.DateTimeFormat(language, options));
  return format;
}
