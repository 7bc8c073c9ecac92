// Who is logged in. The access token lives in memory only; the refresh token in a cookie that no script can read.
// However many requests find the token too old, there is one refresh, and each request is tried once more.

import { recall, remember } from "../ui/memory";
import { problemOf, unreachable } from "./problem";

export type Token = { value: string; expiresAt: number };

/** Renewed this long before it ends, so that a request under way does not outlive it. */
const MARGIN = 60_000;

/** Remembers that somebody logged in here. */
const BEEN = "session";

/** One refresh at a time among the tabs of a browser too: the server takes a token that comes twice for stolen. */
const ONE = "hilo.refresh";

let token: Token | undefined;
let refreshing: Promise<Token | undefined> | undefined;
let timer: ReturnType<typeof setTimeout> | undefined;
const listeners = new Set<(token: Token | undefined) => void>();

/** Called with each new token, and with none once nobody is logged in any more. */
export function onToken(listener: (token: Token | undefined) => void): () => void {
  listeners.add(listener);
  return () => { listeners.delete(listener); };
}

export const currentToken = (): Token | undefined => token;

/** Keeps what a log-in or a refresh gave. */
export function accept(answer: { accessToken: string; expiresIn: number }): Token {
  token = { value: answer.accessToken, expiresAt: Date.now() + answer.expiresIn * 1000 };
  clearTimeout(timer);
  timer = setTimeout(() => void refresh().catch(() => undefined), Math.max(1_000, answer.expiresIn * 1000 - MARGIN));
  remember(BEEN, "yes");
  tell();
  return token;
}

export function forget(): void {
  token = undefined;
  clearTimeout(timer);
  remember(BEEN, "no");
  tell();
}

/** Goes on with the session of this browser, if there may be one: whoever was never here is not asked about. */
export const resume = (): Promise<Token | undefined> =>
  recall(BEEN, ["yes"]) ? refresh() : Promise.resolve(undefined);

// A log-out in one tab is one in all of them.
if (typeof window !== "undefined") {
  window.addEventListener("storage", ({ key, newValue }) => { if (key === `hilo.${BEEN}` && newValue === "no" && token) forget(); });
}

/** A new token by the cookie; none if nobody is logged in. Fails when the server cannot be asked. */
export function refresh(): Promise<Token | undefined> {
  refreshing ??= alone(ask).finally(() => { refreshing = undefined; });
  return refreshing;
}

async function ask(): Promise<Token | undefined> {
  const answer = await fetch("/api/v1/auth/refresh", {
    method: "POST", headers: { "content-type": "application/json" }, body: "{}",
  }).catch(() => { throw unreachable(); });
  if (answer.ok) return accept(await answer.json() as { accessToken: string; expiresIn: number });
  if (answer.status !== 401 && answer.status !== 403) throw problemOf(answer.status, undefined);
  forget();
  return undefined;
}

// `locks` is there wherever cookies are secure; without it a tab is alone with itself.
const alone = <Result>(work: () => Promise<Result>): Promise<Result> =>
  "locks" in navigator ? navigator.locks.request(ONE, work) : work();

function tell() {
  for (const listener of listeners) listener(token);
}
