// What keys and the command bar ask of the parts of the desk. A part says what it can do; nothing else happens.

import { useEffect, useRef } from "react";

export type Ask = "close" | "transfer" | "assign" | "take" | "reopen" | "side" | "reply" | "note";

const able = new Map<Ask, () => void>();

/** Offers to do these things while the component is there; a false one is not offered. */
export function useAsked(offers: Partial<Record<Ask, false | (() => void)>>): void {
  const latest = useRef(offers);
  useEffect(() => { latest.current = offers; });
  const names = Object.entries(offers).filter(([, offer]) => offer !== false).map(([name]) => name).join(" ");
  useEffect(() => {
    const mine = names.split(" ").filter(Boolean) as Ask[];
    const run = (name: Ask) => () => {
      const offer = latest.current[name];
      if (offer) offer();
    };
    for (const name of mine) able.set(name, run(name));
    return () => { for (const name of mine) able.delete(name); };
  }, [names]);
}

export const canBeAsked = (what: Ask): boolean => able.has(what);

export const ask = (what: Ask): void => able.get(what)?.();
