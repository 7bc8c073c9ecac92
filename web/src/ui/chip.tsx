// A small fact with its icon. Tones are those of the clocks: in time, at risk, overdue, paused.

import type { ReactNode } from "react";

import { Icon, type IconName } from "./icon";

export type Tone = "ok" | "warn" | "breach" | "paused";

export function Chip({ tone, icon, children }: { tone: Tone; icon: IconName; children: ReactNode }) {
  return <span className={`chip ${tone}`}><Icon name={icon} size={12} />{children}</span>;
}
