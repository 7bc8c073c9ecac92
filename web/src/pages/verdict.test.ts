import { expect, it } from "vitest";

import { after, unknown } from "../live/watch";
import { verdictOf } from "./verdict";

const told = (...degraded: string[]) => after(unknown, { at: 1, readiness: { degraded } });

it.each([
  ["ready", []],
  ["redis", ["redis"]],
  ["temporal", ["temporal"]],
  ["both", ["temporal", "redis"]],
  ["both", ["redis", "temporal", "elastic"]],
  ["other", ["elastic"]],
  ["postgres", ["postgres"]],
  ["postgres", ["temporal", "redis", "postgres"]],
] as const)("is %s when %j are away", (verdict, degraded) => {
  expect(verdictOf(told(...degraded))).toBe(verdict);
});

it("does not repeat an old answer as if it were news", () => {
  expect(verdictOf(unknown)).toBe("asking");
  expect(verdictOf(after(told(), { at: 2, readiness: undefined }))).toBe("lost");
});
