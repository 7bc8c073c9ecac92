import { describe, expect, it } from "vitest";

import { Problem, unreachable } from "../api/problem";
import type { Message } from "../api/types";
import { sampleMessage } from "../test/samples";
import { createOutbox, notYetThere, type Sending } from "./outbox";

const message = (text: string, at = "2026-11-24T12:00:00Z") => sampleMessage(text, { at });

function desk(answers: (Message | Error)[], first: Sending[] = []) {
  const posted: Sending[] = [];
  const landed: string[] = [];
  const waiting: (() => void)[] = [];
  let keys = 0;
  const box = createOutbox({
    post: (sending) => {
      posted.push(sending);
      const answer = answers.shift() ?? message(sending.text);
      return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
    },
    landed: ({ id }) => { landed.push(id); },
    newKey: () => { keys += 1; return `key-${keys}`; },
    now: () => Date.parse("2026-11-24T12:00:00Z"),
    later: (work) => { waiting.push(work); },
  }, first);
  const settle = async () => { for (let turn = 0; turn < 20; turn += 1) await Promise.resolve(); };
  return { box, posted, landed, waiting, settle };
}

describe("the outbox", () => {
  it("sends one after the other, in the order of writing", async () => {
    const { box, posted, landed, settle } = desk([]);
    box.send("c", "uno");
    box.send("c", "dos");
    expect(posted.map(({ text }) => text)).toEqual(["uno"]);
    await settle();
    expect(landed).toEqual(["uno", "dos"]);
    expect(box.sendings.get()).toEqual([]);
  });

  it("tries again with the same key when nobody answered", async () => {
    const { box, posted, waiting, landed, settle } = desk([unreachable(), new Problem(503, "unavailable", "")]);
    box.send("c", "hola");
    await settle();
    expect(box.sendings.get()).toMatchObject([{ state: "waiting", key: "key-1" }]);
    waiting.shift()?.();
    await settle();
    box.wake();
    await settle();
    expect(posted.map(({ key }) => key)).toEqual(["key-1", "key-1", "key-1"]);
    expect(landed).toEqual(["hola"]);
  });

  it("keeps a refusal with its reason, goes on with the rest, and sends again only when told to, as another request", async () => {
    const { box, posted, landed, settle } = desk([new Problem(422, "window-closed", "Use a template.")]);
    box.send("c", "tarde");
    box.send("c", "luego");
    await settle();
    expect(landed).toEqual(["luego"]);
    expect(box.sendings.get()).toMatchObject([{ state: "refused", refusal: { code: "window-closed" } }]);
    box.wake();
    await settle();
    expect(posted).toHaveLength(2);
    box.retry("key-1");
    await settle();
    expect(posted.at(-1)?.key).toBe("key-3");
    expect(landed).toEqual(["luego", "tarde"]);
  });

  it("asks again, with the same key, about what a page that was left never heard of", async () => {
    const left: Sending = { key: "old", chatId: "c", text: "a", at: "2026-11-24T11:59:00Z", state: "sending" };
    const { box, posted, settle } = desk([], [left]);
    box.wake();
    await settle();
    expect(posted.map(({ key }) => key)).toEqual(["old"]);
  });

  it("is not sent twice by waking twice", async () => {
    const { box, posted, settle } = desk([]);
    box.send("c", "a");
    box.wake();
    box.wake();
    await settle();
    expect(posted).toHaveLength(1);
  });
});

describe("what is shown of it", () => {
  const sending = (text: string, more: Partial<Sending> = {}): Sending => ({
    key: text, chatId: "c", text, at: "2026-11-24T12:00:00Z", state: "sending", ...more,
  });

  it("is hidden once its message is there, each by its own message", () => {
    const twice = [sending("ok", { key: "1" }), sending("ok", { key: "2" })];
    expect(notYetThere(twice, [message("ok")]).map(({ key }) => key)).toEqual(["2"]);
  });

  it("is not mistaken for the same words said before", () => {
    expect(notYetThere([sending("ok")], [message("ok", "2026-11-24T11:58:00Z")])).toHaveLength(1);
  });

  it("is always shown when it was refused", () => {
    expect(notYetThere([sending("ok", { state: "refused" })], [message("ok")])).toHaveLength(1);
  });
});
