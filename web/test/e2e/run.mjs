// Runs the end-to-end tests against a whole `hilo dev` that keeps nothing: starts one, hands it to the tests, and stops
// it whatever happens. Words behind `npm run e2e --` go to Node's test runner, a file's name for example.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync } from "node:fs";
import { join } from "node:path";

import { startHilo } from "./hilo.mjs";

const here = import.meta.dirname;

async function run() {
  const hilo = await startHilo();
  process.once("SIGINT", () => { hilo.stop(); });
  process.once("SIGTERM", () => { hilo.stop(); });
  try {
    const named = process.argv.slice(2);
    const files = readdirSync(here).filter((file) => file.endsWith(".test.mjs")).sort().map((file) => join(here, file));
    const tests = spawn(
      process.execPath,
      // One after the other: they share the installation, and some of them break it for a while.
      ["--test", "--test-concurrency=1", "--test-reporter=spec", ...(named.length > 0 ? named : files)],
      { stdio: "inherit", env: { ...process.env, HILO_E2E: JSON.stringify(hilo.line) } },
    );
    await once(tests, "exit");
    return tests.exitCode ?? 1;
  } finally {
    hilo.stop();
    await hilo.ended;
  }
}

process.exitCode = await run();
