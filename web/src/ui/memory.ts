// Small choices and unfinished words that a browser remembers. A private window may refuse; then they last as long as
// the page.

const name = (key: string) => `hilo.${key}`;
const DRAFT = name("draft.");

/** What was chosen, if it is one of what can be chosen today. */
export function recall<Choice extends string>(key: string, choices: readonly Choice[]): Choice | undefined {
  const stored = read(key);
  return choices.find((choice) => choice === stored);
}

export function remember(key: string, choice: string): void {
  attempt(() => { localStorage.setItem(name(key), choice); });
}

/** What somebody began to write in a chat. */
export const recallDraft = (chat: string): string => read(`draft.${chat}`) ?? "";

export function rememberDraft(chat: string, words: string): void {
  if (words === "") attempt(() => { localStorage.removeItem(name(`draft.${chat}`)); });
  else remember(`draft.${chat}`, words);
}

/** Words to clients do not stay behind for whoever uses the machine next. */
export function forgetDrafts(): void {
  attempt(() => {
    for (const key of Object.keys(localStorage)) if (key.startsWith(DRAFT)) localStorage.removeItem(key);
  });
}

function read(key: string): string | undefined {
  try {
    return localStorage.getItem(name(key)) ?? undefined;
  } catch {
    return undefined;
  }
}

function attempt(work: () => void): void {
  try {
    work();
  } catch {
    // Nothing depends on it.
  }
}
