// Whether somebody can see this page.

import { useSyncExternalStore } from "react";

function subscribe(changed: () => void): () => void {
  document.addEventListener("visibilitychange", changed);
  return () => { document.removeEventListener("visibilitychange", changed); };
}

export const useVisible = (): boolean => useSyncExternalStore(subscribe, () => document.visibilityState === "visible");
