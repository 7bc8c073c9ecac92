import { expect, it } from "vitest";

import type { LedgerItem, Message } from "../../api/types";
import { sampleMessage } from "../../test/samples";
import { weave } from "./weave";

const at = (clock: string) => `2026-11-24T${clock}Z`;
const client = (id: string, clock: string, more: Partial<Message> = {}) =>
  sampleMessage(id, { direction: "inbound", author: "client", at: at(clock), ...more });
const ours = (id: string, clock: string) => sampleMessage(id, { at: at(clock) });
const decided = (kind: string, clock: string): LedgerItem => ({ seq: 1, at: at(clock), kind, text: kind, detail: {} });
const nothing = { messages: [], notes: [], decisions: [], sendings: [] };

it("crosses over where the other side speaks, and ties one knot a run", () => {
  const rows = weave({ ...nothing, messages: [client("a", "12:00:00"), client("b", "12:00:01"), ours("c", "12:00:02"), ours("d", "12:00:03")] });
  expect(rows.map(({ side, crosses, knot }) => [side, crosses, knot])).toEqual([
    ["left", false, true], ["left", false, false], ["right", true, true], ["right", false, false],
  ]);
});

it("puts decisions between messages by their time, and only those that people want to be told of", () => {
  const rows = weave({
    ...nothing, messages: [client("a", "12:00:00"), ours("b", "12:00:10")],
    decisions: [decided("assigned", "12:00:05"), decided("mail", "12:00:06")],
  });
  expect(rows.map(({ key }) => key)).toEqual(["a", "decision-1", "b"]);
});

it("keeps the order of messages even where their clocks disagree", () => {
  const rows = weave({ ...nothing, messages: [client("a", "12:00:05"), ours("b", "12:00:01")] });
  expect(rows.map(({ key }) => key)).toEqual(["a", "b"]);
});

it("begins each day with its date", () => {
  const rows = weave({ ...nothing, messages: [client("a", "12:00:00"), client("b", "12:01:00"), client("c", "12:00:00", { at: "2026-11-26T12:00:00Z" })] });
  expect(rows.map(({ day }) => day !== undefined)).toEqual([true, false, true]);
});

it("shows what is on its way last, on our side", () => {
  const sending = { key: "k", chatId: "c", text: "hola", at: at("11:00:00"), state: "waiting" } as const;
  const rows = weave({ ...nothing, messages: [client("a", "12:00:00")], sendings: [sending] });
  expect(rows.at(-1)).toMatchObject({ key: "k", side: "right", crosses: true });
});
