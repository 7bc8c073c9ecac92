import { expect, it } from "vitest";

import type { LedgerItem } from "../../api/types";
import { sampleMessage } from "../../test/samples";
import { strandsOf } from "./strands";

const at = (second: number) => new Date(Date.UTC(2026, 10, 24, 12, 0, second)).toISOString();
const decided = (seq: number, kind: string): LedgerItem => ({ seq, at: at(seq), kind, text: kind, detail: {} });
const wordsOf = () => "";

it("puts each moment on its lane, in the order of time, and what is to come behind now", () => {
  const { knots, now } = strandsOf({
    messages: [sampleMessage("in", { direction: "inbound", at: at(0) }), sampleMessage("out", { at: at(9) })],
    ledger: [decided(5, "assigned"), decided(6, "mail")], next: [{ at: at(60), what: "idle" }, { at: null, what: "somebody" }], wordsOf,
  });
  expect(knots.map(({ lane, future }) => [lane, future])).toEqual([["client", false], ["decision", false], ["answer", false], ["decision", true]]);
  expect(knots.every(({ x }, index) => index === 0 || x > (knots[index - 1]?.x ?? 0))).toBe(true);
  expect(now).toBeGreaterThan(knots[2]?.x ?? 0);
  expect(now).toBeLessThan(knots[3]?.x ?? 0);
});

it("shows the newest of a long chat", () => {
  const messages = Array.from({ length: 60 }, (_, index) => sampleMessage(String(index), { at: at(index) }));
  const { knots } = strandsOf({ messages, ledger: [], next: [], wordsOf });
  expect(knots.at(-1)?.key).toBe("59");
  expect(knots.length).toBeLessThan(20);
});

it("has nothing to draw where nothing happened", () => {
  expect(strandsOf({ messages: [], ledger: [], next: [], wordsOf })).toMatchObject({ knots: [], past: "", future: "" });
});
