import { expect, it } from "vitest";

import { ago, clock, lasting } from "./format";

it("says how long ago in the largest unit there is", () => {
  expect(ago("es", 3_999)).toBe("hace 3 s");
  expect(ago("es", 61_000)).toBe("hace 1 min");
  expect(ago("es", 2 * 3_600_000)).toBe("hace 2 h");
});

it("never speaks of the future, even when clocks disagree", () => {
  expect(ago("es", -2_000)).toBe("hace 0 s");
});

it("says how long something lasted in every language", () => {
  expect([lasting("es", 12_000), lasting("en", 12_000), lasting("pt", 12_000)]).toEqual(["12 s", "12 sec", "12 s"]);
});

it("shows a moment with seconds and 24 hours", () => {
  const at = new Date(2026, 10, 24, 0, 5, 2).getTime();
  expect(clock("es", at)).toBe("00:05:02");
  expect(clock("en", at)).toBe("00:05:02");
});
