// The frame of the pages before log-in: what there is to know on the left, the thread on the right.

import type { ReactNode } from "react";

import { Mark } from "./mark";
import { Preferences } from "./preferences";
import { type Hold, Weave } from "./weave";

export function Entrance({ hold, children }: { hold: Hold; children: ReactNode }) {
  return (
    <div className="entrance">
      <div className="leaf">
        <header><Mark /></header>
        <main>{children}</main>
        <footer><Preferences /></footer>
      </div>
      <Weave hold={hold} />
    </div>
  );
}
