// How much somebody carries: one place each, and the number beside them.

import { memo } from "react";

export const Pips = memo(function Pips({ load, capacity, label }: { load: number; capacity: number; label: string }) {
  const places = Array.from({ length: Math.min(capacity, 10) }, (_, at) => at < load);
  return (
    <span className={`pips ${load >= capacity ? "full" : ""}`} title={label}>
      <span aria-hidden="true">{places.map((taken, at) => <i key={at} className={taken ? "taken" : ""} />)}</span>
      <span aria-hidden="true">{load}/{capacity}</span>
      <span className="unseen">{label}</span>
    </span>
  );
});
