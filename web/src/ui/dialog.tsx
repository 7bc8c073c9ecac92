// A question that has to be answered before going on. The browser keeps the focus inside and gives it back.

import { type ReactNode, useEffect, useId, useRef } from "react";

type Parts = {
  title: string;
  description?: ReactNode;
  close: () => void;
  /** False while there is nothing to choose from yet: the focus goes to what is there when it opens. */
  ready?: boolean;
  children: ReactNode;
  className?: string;
};

export function Dialog({ title, description, close, ready = true, children, className = "" }: Parts) {
  const dialog = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => {
    const shown = dialog.current;
    if (!ready) return;
    shown?.showModal();
    return () => { shown?.close(); };
  }, [ready]);
  // The browser's own Esc, and a press outside.
  useEffect(() => {
    const shown = dialog.current;
    const pressed = (event: PointerEvent) => { if (event.target === shown) close(); };
    const cancelled = (event: Event) => {
      event.preventDefault();
      close();
    };
    shown?.addEventListener("pointerdown", pressed);
    shown?.addEventListener("cancel", cancelled);
    return () => {
      shown?.removeEventListener("pointerdown", pressed);
      shown?.removeEventListener("cancel", cancelled);
    };
  }, [close]);
  return (
    <dialog ref={dialog} className={`dialog ${className}`} aria-labelledby={id}>
      <div className="dialog-inside">
        <header><h2 id={id}>{title}</h2>{description && <p>{description}</p>}</header>
        {children}
      </div>
    </dialog>
  );
}
