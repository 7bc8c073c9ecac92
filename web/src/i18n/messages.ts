// The words of every screen, by language. Spanish is the source text; the others say the same under the same keys.

import en from "./en.json";
import es from "./es.json";
import pt from "./pt.json";

export type Key = keyof typeof es;

export const languages = ["es", "en", "pt"] as const;
export type Language = (typeof languages)[number];

export const messages: Record<Language, Record<Key, string>> = { es, en, pt };

export type Values = Record<string, string | number>;

/** The text under `key`, with each `{name}` in it replaced by its value. */
export function text(language: Language, key: Key, values: Values = {}): string {
  return messages[language][key].replace(/\{(\w+)\}/g, (hole, name: string) => String(values[name] ?? hole));
}
