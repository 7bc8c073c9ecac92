// One clock for everything that ticks. Who reads it is drawn again only when what it reads has changed.

import { useSyncExternalStore } from "react";

import { serverNow } from "../api/clock";

const listeners = new Set<() => void>();
let timer: ReturnType<typeof setInterval> | undefined;

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  timer ??= setInterval(() => { for (const tell of listeners) tell(); }, 250);
  return () => {
    listeners.delete(listener);
    if (listeners.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  };
}

/** Whatever `read` makes of the time: a text, a number, a tone. It is looked at four times a second. */
export function useTicking<Value extends string | number | boolean | undefined>(read: (now: number) => Value): Value {
  const look = () => read(serverNow());
  return useSyncExternalStore(subscribe, look, look);
}
