// A browser as a person has it, and what it complains about.

import assert from "node:assert/strict";
import { mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

import { chromium } from "playwright-core";

/** @typedef {import("playwright-core").Page} Page */

const out = join(import.meta.dirname, "out");
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

export function launch() {
  return chromium.launch({
    executablePath: process.env["CHROMIUM"] ?? "/usr/bin/chromium",
    args: [
      "--no-sandbox", "--headless=new", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
      "--disable-sync", "--no-first-run",
    ],
  });
}

/**
 * A page of its own, without memory of others, and everything it complains about.
 * @param {import("playwright-core").Browser} browser @param {import("playwright-core").BrowserContextOptions} [options]
 */
export async function openPage(browser, options = {}) {
  const context = await browser.newContext({
    locale: "es-MX", viewport: { width: 1440, height: 900 }, reducedMotion: "reduce", ...options,
  });
  const page = await context.newPage();
  page.setDefaultTimeout(30_000);
  /** @type {string[]} */
  const complaints = [];
  page.on("console", (message) => {
    const { type, text } = { type: message.type(), text: message.text() };
    if (type === "error" || type === "warning") complaints.push(`${type}: ${text}`);
  });
  page.on("pageerror", (error) => { complaints.push(`uncaught: ${error.message}`); });
  page.on("requestfailed", (request) => {
    const why = request.failure()?.errorText ?? "failed";
    // A page that is left gives up what it was asking for.
    if (why !== "net::ERR_ABORTED") complaints.push(`${request.method()} ${request.url()}: ${why}`);
  });
  page.on("response", (response) => {
    if (response.status() >= 400) complaints.push(`${response.request().method()} ${response.url()}: ${response.status()}`);
  });
  return { page, complaints, close: () => context.close() };
}

/** Nothing on the page keeps anybody out; what axe calls serious or critical does. @param {Page} page */
export async function assertAccessible(page) {
  // Evaluated by the debugger: the page's own policy forbids foreign scripts, and shall.
  await page.evaluate(axe);
  const found = await page.evaluate(async () => {
    const { axe } = /** @type {{ axe: typeof import("axe-core") }} */ (/** @type {unknown} */ (globalThis));
    const { violations } = await axe.run();
    return violations
      .filter(({ impact }) => impact === "serious" || impact === "critical")
      .map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.target.join(" ")).join(", ")}`);
  });
  assert.deepEqual(found, []);
}

/** A picture for people to look at. @param {Page} page @param {string} name */
export async function picture(page, name) {
  mkdirSync(out, { recursive: true });
  await page.evaluate(() => document.fonts.ready);
  await page.screenshot({ path: join(out, `${name}.png`) });
}
