import { expect, it } from "vitest";

import { ago, clock, day, lasting, moment, short, span, stamp } from "./format";

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

it.each([
  [-5, "00:00"], [161_000, "02:41"], [3_599_999, "59:59"], [12_000_000, "3 h 20"], [86_400_000 * 2 + 3_600_000 * 4, "2 d 4 h"],
])("shows a duration of %i ms on a chip as %s", (milliseconds, words) => { expect(short(milliseconds)).toBe(words); });

it.each([
  [0, "0 s"], [259_000, "4 min 19 s"], [86_100_000, "23 h 55 min"], [3_600_000, "1 h"], [3_605_000, "1 h"],
])("says a duration of %i ms as %s", (milliseconds, words) => { expect(span("es", milliseconds)).toBe(words); });

it("names a day that is near, and gives the date of every other", () => {
  const now = new Date(2026, 10, 24, 23, 59).getTime();
  expect(day("es", now, now)).toBe("Hoy, martes, 24 de noviembre");
  expect(day("es", now + 120_000, now)).toBe("Mañana, miércoles, 25 de noviembre");
  expect(day("es", now - 4 * 86_400_000, now)).toBe("viernes, 20 de noviembre");
  expect(moment("es", now + 120_000, now)).toBe("mañana 00:01:00");
  expect(stamp("es", now, now)).toBe("23:59");
  expect(stamp("es", now - 86_400_000, now)).toBe("23 nov");
});
