// Small choices that a browser remembers. A private window may refuse; then they last as long as the page.

const name = (key: string) => `hilo.${key}`;

/** What was chosen, if it is one of what can be chosen today. */
export function recall<Choice extends string>(key: string, choices: readonly Choice[]): Choice | undefined {
  try {
    const stored = localStorage.getItem(name(key));
    return choices.find((choice) => choice === stored);
  } catch {
    return undefined;
  }
}

export function remember(key: string, choice: string): void {
  try {
    localStorage.setItem(name(key), choice);
  } catch {
    // Nothing depends on it.
  }
}
