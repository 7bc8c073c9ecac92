import { expect, it } from "vitest";

import { after, type Outcome, unknown, type Watch } from "./watch";

const answer = (at: number, ...degraded: string[]): Outcome => ({ at, readiness: { degraded } });
const silence = (at: number): Outcome => ({ at, readiness: undefined });
const told = (...outcomes: Outcome[]): Watch => outcomes.reduce(after, unknown);

it("opens with the first answer", () => {
  const watch = told(answer(1));
  expect(watch.phase).toBe("heard");
  expect(watch.moments).toEqual([{ kind: "opened", at: 1 }]);
});

it("says nothing new while nothing changes, but is fresh", () => {
  const watch = told(answer(1, "redis"), answer(6, "redis"));
  expect(watch.last?.at).toBe(6);
  expect(watch.moments).toEqual([{ kind: "opened", at: 1 }, { kind: "away", at: 1, service: "redis", atFirst: true }]);
});

it("measures how long a service was away", () => {
  const watch = told(answer(0), answer(5_000, "redis"), answer(10_000, "redis"), answer(15_000));
  expect(watch.moments.slice(1)).toEqual([
    { kind: "away", at: 5_000, service: "redis", atFirst: false },
    { kind: "back", at: 15_000, service: "redis", lasted: 10_000 },
  ]);
  expect(watch.awaySince).toEqual({});
});

it("keeps the last answer through a silence, which it measures from its first question", () => {
  const during = told(answer(0), silence(5_000), silence(10_000));
  expect(during).toMatchObject({ phase: "lost", last: { at: 0 }, lostAt: 5_000 });
  const watch = after(during, answer(15_000));
  expect(watch.phase).toBe("heard");
  expect(watch.moments.map((moment) => moment.kind)).toEqual(["opened", "lost", "found"]);
  expect(watch.moments.at(-1)).toEqual({ kind: "found", at: 15_000, lasted: 10_000 });
});

it("still counts an absence that began before a silence", () => {
  const watch = told(answer(0, "temporal"), silence(5_000), answer(10_000, "temporal"), answer(15_000));
  expect(watch.moments.at(-1)).toEqual({ kind: "back", at: 15_000, service: "temporal", lasted: 15_000 });
});

it("does not claim to have seen a beginning that it did not see", () => {
  expect(told(silence(1)).moments).toEqual([{ kind: "lost", at: 1, atFirst: true }]);
});

it("keeps the latest moments only", () => {
  const outcomes = Array.from({ length: 40 }, (_, at) => (at % 2 === 0 ? answer(at) : answer(at, "redis")));
  const { moments } = told(...outcomes);
  expect(moments).toHaveLength(6);
  expect(moments.at(-1)).toMatchObject({ kind: "away", at: 39 });
});
