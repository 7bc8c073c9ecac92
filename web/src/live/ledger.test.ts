import { expect, it } from "vitest";

import type { LedgerItem } from "../api/types";
import { isDecision, isOf } from "./ledger";

const line = (kind: string, detail: unknown = {}): LedgerItem => ({ seq: 1, at: "2026-11-24T12:00:00Z", kind, text: kind, detail });

it("tells an assignment to somebody from one to a variable", () => {
  expect(isDecision(line("assigned", { agentId: "ana" }))).toBe(true);
  expect(isDecision(line("assigned", { trace: "assigned", name: "tema" }))).toBe(false);
  expect(isOf("people", line("assigned", { trace: "assigned", name: "tema" }))).toBe(false);
});

it("counts what the bot chose as a decision, and its way from node to node not", () => {
  expect(isDecision(line("matched", { trace: "matched", option: "agent" }))).toBe(true);
  expect(isDecision(line("visited", { trace: "visited", node: "menu" }))).toBe(false);
});

it("finds clocks and sends by their kind", () => {
  expect(isOf("clocks", line("timer_fired"))).toBe(true);
  expect(isOf("sends", line("send_uncertain"))).toBe(true);
  expect(isOf("all", line("anything"))).toBe(true);
});
