// A value outside of React that components may watch.

import { useSyncExternalStore } from "react";

export type Store<Value> = {
  get: () => Value;
  set: (next: Value) => void;
  update: (change: (value: Value) => Value) => void;
  subscribe: (listener: () => void) => () => void;
};

export function store<Value>(first: Value): Store<Value> {
  let value = first;
  const listeners = new Set<() => void>();
  const set = (next: Value) => {
    if (Object.is(next, value)) return;
    value = next;
    for (const tell of listeners) tell();
  };
  return {
    get: () => value,
    set,
    update: (change) => { set(change(value)); },
    subscribe: (listener) => {
      listeners.add(listener);
      return () => { listeners.delete(listener); };
    },
  };
}

export function useStore<Value>(watched: Store<Value>): Value;
export function useStore<Value, Part>(watched: Store<Value>, part: (value: Value) => Part): Part;
export function useStore<Value, Part>(watched: Store<Value>, part?: (value: Value) => Part): Value | Part {
  const read = () => part ? part(watched.get()) : watched.get();
  return useSyncExternalStore(watched.subscribe, read, read);
}
