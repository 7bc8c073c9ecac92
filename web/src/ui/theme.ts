// Light, dark, or as the system is. The theme is an attribute of the document, so that the first paint has it.

import { recall, remember } from "./memory";

export const themes = ["auto", "light", "dark"] as const;
export type Theme = (typeof themes)[number];

export const rememberedTheme = (): Theme => recall("theme", themes) ?? "auto";

export function applyTheme(theme: Theme): void {
  document.documentElement.dataset["theme"] = theme;
}

export function chooseTheme(theme: Theme): void {
  remember("theme", theme);
  applyTheme(theme);
}
