// The installation under test: `hilo dev` on free ports, and what it said when it was ready.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { createServer } from "node:net";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";

/**
 * @typedef {{
 *   urls: { web: string, simulator: string, temporalUi: string },
 *   env: Record<string, string>,
 *   pids: Record<"gateway" | "worker" | "simulator" | "postgres" | "redis" | "temporal", number>,
 *   dataDir: string,
 * }} Line
 */

const project = resolve(import.meta.dirname, "../../..");

/** Starts it and waits for its line. */
export async function startHilo() {
  const binary = process.env["HILO_BIN"]
    ?? join(process.env["CARGO_TARGET_DIR"] ?? join(project, "target"), "debug/hilo");
  if (!existsSync(binary)) throw new Error(`${binary} does not exist: build it, or name another in HILO_BIN`);
  const tools = process.env["HILO_TOOLS"] ?? join(project, ".hilo/tools");
  const args = ["dev", "--ephemeral", "--headless", "--port-offset", String(await freeOffset(1500))];
  const child = spawn(binary, args, { cwd: project, env: { ...process.env, HILO_TOOLS: tools }, stdio: ["ignore", "pipe", "pipe"] });

  // Progress is of interest only when it stops.
  /** @type {string[]} */
  const said = [];
  createInterface(child.stderr).on("line", (text) => { said.push(text); });
  const ended = once(child, "exit");
  const line = firstLine(child.stdout);
  const early = ended.then(() => {
    throw new Error(`hilo dev ended before it was ready:\n${said.slice(-20).join("\n")}`);
  });
  return { line: await Promise.race([line, early]), ended, stop: () => { child.kill("SIGTERM"); } };
}

/** What the runner started, for a test. */
export function hilo() {
  const line = process.env["HILO_E2E"];
  if (line === undefined) throw new Error("there is no installation to test: use `npm run e2e`");
  return parse(line);
}

/** The process that runs under this name now: one that was killed is started again. @param {keyof Line["pids"]} name */
export function pidOf(name) {
  return Number(readFileSync(join(hilo().dataDir, "run", `${name}.pid`), "utf8"));
}

/** @param {string} text */
function parse(text) {
  /** @type {Line} */
  const line = JSON.parse(text);
  return line;
}

/** @param {import("node:stream").Readable} stream @returns {Promise<Line>} */
async function firstLine(stream) {
  /** @type {AsyncIterable<string>} */
  const lines = createInterface(stream);
  for await (const text of lines) return parse(text);
  return new Promise(() => undefined);
}

/** The first offset from `first` on that moves every port of `hilo dev` to a free one. @param {number} first */
async function freeOffset(first) {
  for (let offset = first; offset <= 1745; offset += 1) {
    const free = await Promise.all([8080, 8090, 8233, 7233, 54329, 63790].map((port) => isFree(port + offset)));
    if (free.every(Boolean)) return offset;
  }
  throw new Error("no free ports for hilo dev");
}

/** @param {number} port @returns {Promise<boolean>} */
async function isFree(port) {
  const server = createServer();
  return new Promise((done) => {
    server.once("error", () => { done(false); });
    server.once("close", () => { done(true); });
    server.listen(port, "127.0.0.1", () => { server.close(); });
  });
}
