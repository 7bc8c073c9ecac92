import { expect, it } from "vitest";

import { sampleChat, sampleMessage } from "../../test/samples";
import { sentenceOf } from "./sentence";

const at = "2026-11-24T12:03:00Z";

it("says who waits for whom by who spoke last", () => {
  const inbound = sampleMessage("m", { direction: "inbound", author: "client", at });
  expect(sentenceOf(sampleChat("c", { lastMessage: inbound }))).toEqual({ key: "sentence.active.client", since: Date.parse(at) });
  const answered = sampleMessage("m", { at });
  expect(sentenceOf(sampleChat("c", { lastMessage: answered })).key).toBe("sentence.active.agent");
});

it("counts a wait from where it began", () => {
  const waiting = sampleChat("c", { status: "queued", agentId: null, waitingSince: at });
  expect(sentenceOf(waiting)).toEqual({ key: "sentence.queued", since: Date.parse(at) });
});

it("speaks of the moment to which a chat was put off", () => {
  expect(sentenceOf(sampleChat("c", { status: "pending", snoozedUntil: at }))).toEqual({ key: "sentence.pending.until", until: Date.parse(at) });
});

it("says first that nothing will happen, where a chat is held", () => {
  expect(sentenceOf(sampleChat("c", { held: true })).key).toBe("sentence.held");
});
