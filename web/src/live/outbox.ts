// Replies on their way to the server. Each has a key of its own that stays the same until there is an answer, so that a
// retry never makes two of one. They leave a chat in the order in which they were written.

import { Problem } from "../api/problem";
import type { Message } from "../api/types";
import { type Store, store } from "../ui/store";

/** `waiting`: nobody answered yet; it goes out again by itself. `refused`: it does not, unless a person says so. */
export type Sending = {
  key: string;
  chatId: string;
  text: string;
  at: string;
  state: "waiting" | "sending" | "refused";
  refusal?: { status: number; code: string; detail: string; holder?: string | undefined };
};

export type Post = (sending: Sending) => Promise<Message>;

type Surroundings = {
  post: Post;
  /** Called with the message that a reply has become. */
  landed: (message: Message) => void;
  newKey: () => string;
  now: () => number;
  later: (work: () => void, milliseconds: number) => void;
};

const PAUSES = [1_000, 2_000, 4_000, 8_000, 15_000];

export type Outbox = ReturnType<typeof createOutbox>;

export function createOutbox({ post, landed, newKey, now, later }: Surroundings, first: readonly Sending[] = []) {
  // Whoever was being asked when the page was left did not answer: it is asked again, with the same key.
  const sendings: Store<readonly Sending[]> = store<readonly Sending[]>(
    first.map((one) => one.state === "sending" ? { ...one, state: "waiting" } : one),
  );
  const busy = new Set<string>();
  let failures = 0;

  const change = (key: string, to: Partial<Sending>) => {
    sendings.update((all) => all.map((one) => one.key === key ? { ...one, ...to } : one));
  };
  const remove = (key: string) => { sendings.update((all) => all.filter((one) => one.key !== key)); };

  async function pump(chatId: string): Promise<void> {
    if (busy.has(chatId)) return;
    busy.add(chatId);
    try {
      for (;;) {
        const next = sendings.get().find((one) => one.chatId === chatId && one.state === "waiting");
        if (!next) return;
        change(next.key, { state: "sending" });
        try {
          landed(await post(next));
          remove(next.key);
          failures = 0;
        } catch (error) {
          if (error instanceof Problem && !error.mayRepeat) {
            const { status, code, message: detail, holder } = error;
            change(next.key, { state: "refused", refusal: { status, code, detail, holder } });
            continue;
          }
          change(next.key, { state: "waiting" });
          later(() => void pump(chatId), PAUSES[Math.min(failures, PAUSES.length - 1)] ?? 0);
          failures += 1;
          return;
        }
      }
    } finally {
      busy.delete(chatId);
    }
  }

  return {
    sendings,
    send(chatId: string, text: string): void {
      const at = new Date(now()).toISOString();
      sendings.update((all) => [...all, { key: newKey(), chatId, text, at, state: "waiting" }]);
      void pump(chatId);
    },
    /** The server is there again: nobody waits for their turn. */
    wake(): void {
      for (const chatId of new Set(sendings.get().map((one) => one.chatId))) void pump(chatId);
    },
    /** A refusal is an answer; what is sent after one is another request, and has another key. */
    retry(key: string): void {
      const one = sendings.get().find((sending) => sending.key === key && sending.state === "refused");
      if (!one) return;
      sendings.update((all) => all.map((sending) => sending.key === key
        ? { key: newKey(), chatId: one.chatId, text: one.text, at: one.at, state: "waiting" }
        : sending));
      void pump(one.chatId);
    },
    discard: remove,
  };
}

/**
 * Which of `sendings` are to be shown beside `messages`. One whose message an event has brought before its own answer
 * came is there already.
 */
export function notYetThere(sendings: readonly Sending[], messages: readonly Message[]): Sending[] {
  const free = messages.filter(({ author }) => author === "agent");
  return sendings.filter((one) => {
    if (one.state === "refused") return true;
    const since = Date.parse(one.at) - SKEW;
    const at = free.findIndex((message) => message.text === one.text && Date.parse(message.at) >= since);
    if (at === -1) return true;
    free.splice(at, 1);
    return false;
  });
}

/** How far the server's clock may be behind for its message to be recognized. */
const SKEW = 5_000;
