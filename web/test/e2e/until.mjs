// Waiting for something to become true.

import assert from "node:assert/strict";
import { setTimeout } from "node:timers/promises";

const PATIENCE = 30_000;

/**
 * Looks again and again until it finds what is expected; fails with the difference when it never does.
 * @template Found @param {() => Found | Promise<Found>} look @param {NoInfer<Found>} expected
 */
export async function until(look, expected) {
  const deadline = Date.now() + PATIENCE;
  for (;;) {
    const found = await look();
    try {
      assert.deepEqual(found, expected);
      return;
    } catch (difference) {
      if (Date.now() > deadline) throw difference;
    }
    await setTimeout(50);
  }
}
