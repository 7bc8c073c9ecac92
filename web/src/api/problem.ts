// Why something was refused: the server's problem documents, and what happens before there is one.

import type { Say } from "../i18n/language";
import type { Key } from "../i18n/messages";

/** `code` is the last part of the document's `type`; programs decide by it, people read `words`. */
export class Problem extends Error {
  readonly code: string;
  readonly status: number;
  /** Who has what was asked for, where the document names somebody. */
  readonly holder: string | undefined;

  constructor(status: number, code: string, detail: string, holder?: string) {
    super(detail);
    this.status = status;
    this.code = code;
    this.holder = holder;
  }

  /** Nobody knows whether it was done: asking again, with the same key, is right. */
  get mayRepeat(): boolean {
    return this.status === 0 || this.status === 429 || this.status >= 500;
  }
}

/** A problem out of whatever an answer had for a body. */
export function problemOf(status: number, body: unknown): Problem {
  const document = typeof body === "object" && body !== null ? body as Record<string, unknown> : {};
  const string = (name: string) => typeof document[name] === "string" ? document[name] : "";
  const holder = document["holder"];
  const name = typeof holder === "object" && holder !== null && "name" in holder ? holder.name : undefined;
  return new Problem(
    status,
    string("type").split("/").at(-1) ?? "",
    string("detail") || string("title"),
    typeof name === "string" ? name : undefined,
  );
}

export const unreachable = () => new Problem(0, "unreachable", "");

const known: Record<string, Key> = {
  "agent-at-capacity": "problem.capacity",
  "agent-not-available": "problem.away",
  "chat-closed": "problem.closed",
  "chat-open": "problem.open",
  "credentials-invalid": "problem.credentials",
  "forbidden": "problem.forbidden",
  "illegal-move": "problem.moved",
  "new-mail": "problem.newMail",
  "not-found": "problem.gone",
  "session-over": "problem.session",
  "too-many-attempts": "problem.slower",
  "unreachable": "problem.unreachable",
  "window-closed": "problem.window",
};

/** What a person reads: what happened, whose it is now, what to do. */
export function wordsOf(error: unknown, say: Say): string {
  if (!(error instanceof Problem)) return say("problem.unknown");
  if (error.code === "not-holder") {
    return error.holder === undefined ? say("problem.notHolder") : say("problem.holder", { name: error.holder });
  }
  const key = known[error.code];
  if (key) return say(key);
  if (error.status >= 500) return say("problem.server");
  return error.message || say("problem.unknown");
}
