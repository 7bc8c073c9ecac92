import { expect, it } from "vitest";

import type { Queue } from "../../api/types";
import { riskOf, worstFirst } from "./risk";

const now = Date.parse("2026-11-24T12:00:00Z");
const queue = (name: string, oldestSince: string | null, waiting = 1): Queue => ({
  id: name, key: name, name, campaignId: "c", isDefault: false, waiting, oldestSince, availableAgents: 0,
});

it.each([[undefined, 100, "ok"], [10, undefined, "ok"], [69, 100, "ok"], [70, 100, "warn"], [100, 100, "breach"]] as const)(
  "takes a wait of %s against %s for %s", (waited, limit, risk) => { expect(riskOf(waited, limit)).toBe(risk); },
);

it("puts the worst queue first", () => {
  const queues = [queue("idle", null, 0), queue("new", "2026-11-24T11:59:00Z"), queue("late", "2026-11-24T11:50:00Z")];
  expect(worstFirst(queues, () => 300_000, now).map(({ name }) => name)).toEqual(["late", "new", "idle"]);
});
