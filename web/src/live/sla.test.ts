import { expect, it } from "vitest";

import type { Chat } from "../api/types";
import { sampleChat } from "../test/samples";
import { firstReply, windowOf } from "./sla";

const at = (clock: string) => Date.parse(`2026-11-24T${clock}Z`);
const chat = (more: Partial<Chat>) => sampleChat("c", {
  status: "assigned", sla: { firstReplyDueAt: "2026-11-24T12:05:00Z", breachedAt: null }, ...more,
});

it("is pale at first, at risk in the last quarter, and then over", () => {
  expect(firstReply(chat({}), at("12:01:00"))).toMatchObject({ phase: "until", tone: "ok" });
  expect(firstReply(chat({}), at("12:03:45"))).toMatchObject({ phase: "until", tone: "warn" });
  expect(firstReply(chat({}), at("12:04:59"))).toMatchObject({ phase: "until", tone: "warn" });
  expect(firstReply(chat({}), at("12:05:00"))).toEqual({ phase: "over", at: at("12:05:00"), tone: "breach" });
});

it("says afterwards how long it took", () => {
  const replied = chat({ status: "active", firstReplyAt: "2026-11-24T12:01:42Z" });
  expect(firstReply(replied, at("12:30:00"))).toEqual({ phase: "kept", took: 102_000, tone: "ok" });
  const late = chat({ ...replied, sla: { firstReplyDueAt: "2026-11-24T12:01:00Z", breachedAt: "2026-11-24T12:01:00Z" } });
  expect(firstReply(late, at("12:30:00"))?.tone).toBe("breach");
});

const none = { firstReplyDueAt: null, breachedAt: null };

it("counts a wait that nobody promised to end, and nothing while the bot talks", () => {
  expect(firstReply(chat({ status: "queued", sla: none }), at("12:02:00"))).toMatchObject({ phase: "waiting" });
  expect(firstReply(chat({ status: "bot", queuedAt: null, sla: none }), at("12:02:00"))).toBeUndefined();
});

it("knows the window", () => {
  expect(windowOf(chat({ windowClosesAt: "2026-11-25T12:00:00Z" }), at("12:00:00"))).toMatchObject({ open: true, tone: "ok" });
  expect(windowOf(chat({ windowClosesAt: "2026-11-24T13:00:00Z" }), at("12:00:00"))).toMatchObject({ open: true, tone: "warn" });
  expect(windowOf(chat({}), at("12:00:00")).open).toBe(false);
});
