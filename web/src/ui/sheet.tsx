// A pane that comes from the side over the page, and from below on a phone.

import type { ReactNode } from "react";

import { useLanguage } from "../i18n/language";
import { Dialog } from "./dialog";
import { Icon } from "./icon";

export function Sheet({ title, close, children }: { title: string; close: () => void; children: ReactNode }) {
  const { say } = useLanguage();
  return (
    <Dialog title={title} close={close} className="sheet">
      <button type="button" className="button plain square small leave" aria-label={say("close")} onClick={close}><Icon name="x" /></button>
      <div className="sheet-body">{children}</div>
    </Dialog>
  );
}
