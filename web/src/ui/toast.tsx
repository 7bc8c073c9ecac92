// What was just done, with a way back where there is one. It stays eight seconds, longer under the pointer.

import { useEffect, useState } from "react";

import { Icon, type IconName } from "./icon";
import { store, useStore } from "./store";

type Undo = { words: string; act: () => void };

export type Toast = { id: number; icon: IconName; words: string; undo?: Undo | undefined };

const STAYS = 8_000;
const shown = store<readonly Toast[]>([]);
let last = 0;

export function toast(what: Omit<Toast, "id">): void {
  last += 1;
  const one = { ...what, id: last };
  shown.update((toasts) => [...toasts.slice(-2), one]);
}

const dismiss = (id: number) => { shown.update((toasts) => toasts.filter((one) => one.id !== id)); };

export function Toasts() {
  const toasts = useStore(shown);
  return <div className="toasts" role="status">{toasts.map((one) => <Shown key={one.id} {...one} />)}</div>;
}

function Shown({ id, icon, words, undo }: Toast) {
  const [held, setHeld] = useState(false);
  useEffect(() => {
    if (held) return;
    const timer = setTimeout(() => { dismiss(id); }, STAYS);
    return () => { clearTimeout(timer); };
  }, [held, id]);
  return (
    <div className="toast" onPointerEnter={() => { setHeld(true); }} onPointerLeave={() => { setHeld(false); }}>
      <Icon name={icon} />
      <span>{words}</span>
      {undo && (
        <button type="button" className="button small" onClick={() => { dismiss(id); undo.act(); }}>
          <Icon name="undo" size={14} />{undo.words}
        </button>
      )}
    </div>
  );
}
