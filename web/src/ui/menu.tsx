// A button that opens a short list of things to do or to choose.

import { type KeyboardEvent, type ReactNode, useEffect, useId, useRef, useState } from "react";

type Parts = {
  label: string;
  button: ReactNode;
  className?: string;
  align?: "left" | "right";
  up?: boolean;
  children: (close: () => void) => ReactNode;
};

export function Menu({ label, button, className = "button", align = "left", up = false, children }: Parts) {
  const [open, setOpen] = useState(false);
  const place = useRef<HTMLDivElement>(null);
  const opener = useRef<HTMLButtonElement>(null);
  const id = useId();

  useEffect(() => {
    if (!open) return;
    place.current?.querySelector<HTMLElement>("[role^=menuitem]")?.focus();
    const outside = (event: PointerEvent) => {
      if (event.target instanceof Node && !place.current?.contains(event.target)) setOpen(false);
    };
    document.addEventListener("pointerdown", outside);
    const back = opener.current;
    return () => {
      document.removeEventListener("pointerdown", outside);
      // Whoever chose with a key is where they were; whoever pressed elsewhere is there.
      if (document.activeElement === document.body) back?.focus();
    };
  }, [open]);

  const close = () => { setOpen(false); };
  const move = (event: KeyboardEvent) => {
    if (!open) return;
    if (event.key === "Escape" || event.key === "Tab") {
      if (event.key === "Escape") event.preventDefault();
      close();
      return;
    }
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    const items = [...place.current?.querySelectorAll<HTMLElement>("[role^=menuitem]") ?? []];
    const at = items.findIndex((item) => item === document.activeElement);
    items.at((at + step) % items.length)?.focus();
  };
  return (
    // The keys belong to what is inside; the place itself takes none.
    // eslint-disable-next-line jsx-a11y/no-static-element-interactions
    <div className="menu-place" ref={place} onKeyDown={move}>
      <button
        type="button"
        ref={opener}
        className={className}
        title={label}
        aria-haspopup="menu"
        aria-expanded={open}
        aria-controls={open ? id : undefined}
        onClick={() => { setOpen((was) => !was); }}
      >
        <span className="unseen">{label}</span>
        <span className="seen" aria-hidden="true">{button}</span>
      </button>
      {open && (
        <div id={id} role="menu" aria-label={label} className={`menu ${align} ${up ? "up" : ""}`}>{children(close)}</div>
      )}
    </div>
  );
}

type Item = { children: ReactNode; act: () => void; checked?: boolean | undefined };

export function MenuItem({ children, act, checked }: Item) {
  return checked === undefined
    ? <button type="button" role="menuitem" tabIndex={-1} onClick={act}>{children}</button>
    : <button type="button" role="menuitemradio" aria-checked={checked} tabIndex={-1} onClick={act}>{children}</button>;
}
