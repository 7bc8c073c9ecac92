import { expect, it } from "vitest";

import { readReadiness } from "./readiness";

it("reads who does not answer, also one that this build does not know", () => {
  expect(readReadiness({ status: "ready", degraded: ["redis", "elastic"] })).toEqual({ degraded: ["redis", "elastic"] });
});

it.each([null, "ok", {}, { degraded: "redis" }, { degraded: [1] }])("takes %j for no answer of a gateway", (body) => {
  expect(() => readReadiness(body)).toThrow("no answer of a gateway");
});
