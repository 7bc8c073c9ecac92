// Nothing to show, and what there is to do about it.

import type { ReactNode } from "react";

export function Empty({ title, children }: { title: string; children?: ReactNode }) {
  return (
    <div className="empty">
      <svg viewBox="0 0 150 44" aria-hidden="true">
        <path className="thread" d="M0 30C28 30 34 8 56 8S84 36 102 30" />
        <path className="thread future" d="M102 30C118 24 128 22 150 22" />
        <circle className="knot" cx="56" cy="8" r="4" /><circle className="knot full" cx="102" cy="30" r="4" />
      </svg>
      <b>{title}</b>
      {children}
    </div>
  );
}
