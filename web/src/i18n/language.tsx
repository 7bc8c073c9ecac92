// The language of the screens: chosen by whoever looks, remembered by the browser, Spanish until then.

import { createContext, type ReactNode, use, useEffect, useState } from "react";

import { recall, remember } from "../ui/memory";
import { type Key, type Language, languages, text, type Values } from "./messages";

export type Say = (key: Key, values?: Values) => string;

type Chosen = { language: Language; choose: (language: Language) => void };

const Context = createContext<Chosen>({ language: "es", choose: () => undefined });

export function LanguageProvider({ children }: { children: ReactNode }) {
  const [language, setLanguage] = useState(() => recall("language", languages) ?? "es");
  useEffect(() => { document.documentElement.lang = language; }, [language]);
  const choose = (wanted: Language) => {
    remember("language", wanted);
    setLanguage(wanted);
  };
  return <Context value={{ language, choose }}>{children}</Context>;
}

/** The chosen language, a way to choose another, and what says things in it. */
export function useLanguage(): Chosen & { say: Say } {
  const chosen = use(Context);
  return { ...chosen, say: (key, values) => text(chosen.language, key, values) };
}
