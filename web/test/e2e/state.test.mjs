// The page that says how the installation is: true while all is well, and while something is not.

import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, describe, it } from "node:test";

import { assertAccessible, launch, openPage, picture } from "./browser.mjs";
import { hilo, pidOf } from "./hilo.mjs";

/** @typedef {import("playwright-core").Page} Page */

/** Pictures of what is hard to bring about, or takes long. @type {Record<string, string[]>} */
const STATES = {
  ready: [], temporal: ["temporal"], both: ["temporal", "redis"], postgres: ["postgres"], stranger: ["elastic"],
};

const READY = "Hilo está listo: los mensajes se guardan y se entregan.";

describe("the state of the installation", () => {
  /** @type {import("playwright-core").Browser} */
  let browser;
  /** @type {Awaited<ReturnType<typeof openPage>>} */
  let opened;

  before(async () => { browser = await launch(); });
  after(async () => { await browser.close(); });
  beforeEach(async () => { opened = await openPage(browser); });
  afterEach(async () => { await opened.close(); });

  it("says that Hilo is ready, and the browser has nothing to complain about", async () => {
    const { page, complaints } = opened;
    await page.goto(`${hilo().urls.web}/state`);
    await sentence(page, READY);
    await assertService(page, "PostgreSQL", "Responde");
    await assertService(page, "Temporal", "Responde");
    await assertService(page, "Redis", "Responde");
    await assertAccessible(page);
    assert.deepEqual(complaints, []);
  });

  it("loads nothing from any other machine or program", async () => {
    const { page } = opened;
    /** @type {Set<string>} */
    const origins = new Set();
    page.on("request", (request) => { origins.add(new URL(request.url()).origin); });
    await page.goto(`${hilo().urls.web}/state`);
    await sentence(page, READY);
    await page.evaluate(() => document.fonts.ready);
    assert.deepEqual([...origins], [new URL(hilo().urls.web).origin]);
    assert.ok(await page.evaluate(() => document.fonts.check("14px 'Inter Variable'")));
  });

  it("links to the customer's phone and to Temporal, where they really are", async () => {
    const { page } = opened;
    await page.goto(`${hilo().urls.web}/state`);
    const temporal = page.getByRole("link", { name: "Temporal" });
    assert.equal(await temporal.getAttribute("href"), `${hilo().urls.temporalUi}/`);
    await page.getByRole("link", { name: "Abrir el teléfono del cliente" }).click();
    await page.getByRole("heading", { name: "Teléfonos" }).waitFor();
    assert.equal(page.url().split("#")[0], `${hilo().urls.simulator}/`);
  });

  it("changes its language by keyboard alone, and remembers it", async () => {
    const { page, complaints } = opened;
    await page.goto(`${hilo().urls.web}/state`);
    await sentence(page, READY);
    const focused = () => page.evaluate(() => document.activeElement?.getAttribute("aria-label"));
    for (let presses = 0; await focused() !== "Idioma"; presses += 1) {
      assert.ok(presses < 12, "the language cannot be reached by Tab");
      await page.keyboard.press("Tab");
    }
    await page.keyboard.type("English");
    await sentence(page, "Hilo is ready: messages are stored and delivered.");
    assert.equal(await page.evaluate(() => document.documentElement.lang), "en");
    await page.reload();
    await sentence(page, "Hilo is ready: messages are stored and delivered.");
    await page.getByLabel("Language").selectOption("pt");
    await sentence(page, "O Hilo está pronto: as mensagens são guardadas e entregues.");
    assert.deepEqual(complaints, []);
  });

  it("follows the system's theme until another is chosen, which it remembers", async () => {
    const { page } = opened;
    const background = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    await page.emulateMedia({ colorScheme: "dark" });
    await page.goto(`${hilo().urls.web}/state`);
    await sentence(page, READY);
    const dark = await background();
    await page.getByRole("radio", { name: "Claro" }).check();
    const light = await background();
    assert.notEqual(light, dark);
    await page.reload();
    await sentence(page, READY);
    assert.equal(await background(), light);
    assert.ok(await page.getByRole("radio", { name: "Claro" }).isChecked());
  });

  it("says what it means that Redis is away, and since when it is back", async () => {
    const { page, complaints } = opened;
    await page.goto(`${hilo().urls.web}/state`);
    await sentence(page, READY);
    // Frozen first: killed, it would be back before anybody noticed.
    const pid = pidOf("redis");
    process.kill(pid, "SIGSTOP");
    try {
      await page.getByRole("heading", { level: 1, name: "Redis no responde" }).waitFor();
      await assertService(page, "Redis", "No responde");
      await assertService(page, "PostgreSQL", "Responde");
      await page.getByText("Redis dejó de responder").waitFor();
      await assertAccessible(page);
      await picture(page, "state-redis-away");
    } finally {
      process.kill(pid, "SIGKILL");
    }
    await sentence(page, READY);
    await page.getByText(/^Redis volvió, tras \d+ s$/).waitFor();
    assert.deepEqual(complaints, []);
  });

  it("says what it does not know while the server is silent, and finds it again", async () => {
    const { page } = opened;
    await page.goto(`${hilo().urls.web}/state`);
    await sentence(page, READY);
    const pid = pidOf("gateway");
    process.kill(pid, "SIGSTOP");
    try {
      await sentence(page, "No sabemos cómo está Hilo: el servidor no responde.");
      await assertService(page, "PostgreSQL", "Sin noticias");
      await assertAccessible(page);
      await picture(page, "state-lost");
    } finally {
      process.kill(pid, "SIGCONT");
    }
    await page.getByRole("button", { name: "Preguntar ahora" }).click();
    await sentence(page, READY);
    await page.getByText(/^El servidor volvió, tras \d+ s$/).waitFor();
  });

  it("looks right in every state, light, dark and on a phone", async () => {
    const { page } = opened;
    let answer = JSON.stringify({ status: "ready", degraded: [] });
    let status = 200;
    await page.route("**/readyz", (route) => route.fulfill({ status, contentType: "application/json", body: answer }));
    for (const [name, degraded] of Object.entries(STATES)) {
      status = degraded.includes("postgres") ? 503 : 200;
      answer = JSON.stringify({ status: status === 200 ? "ready" : "unavailable", degraded });
      await page.goto(`${hilo().urls.web}/state`);
      await page.locator("h1").filter({ hasNotText: "Preguntando" }).waitFor();
      for (const colorScheme of /** @type {const} */ (["light", "dark"])) {
        await page.emulateMedia({ colorScheme });
        await assertAccessible(page);
        await picture(page, `state-${name}-${colorScheme}`);
      }
      await page.setViewportSize({ width: 390, height: 844 });
      await assertAccessible(page);
      assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth), "no sideways scrolling");
      await picture(page, `state-${name}-narrow`);
      await page.setViewportSize({ width: 1440, height: 900 });
    }
  });
});

describe("an address that leads nowhere", () => {
  it("is shown for what it is, with a way back", async () => {
    const browser = await launch();
    try {
      const { page, complaints } = await openPage(browser);
      await page.goto(`${hilo().urls.web}/pedidos/99`);
      await sentence(page, "Aquí no hay nada.");
      await page.getByText("/pedidos/99").waitFor();
      await assertAccessible(page);
      await picture(page, "not-found");
      await page.getByRole("link", { name: "Ver el estado de Hilo" }).click();
      await sentence(page, READY);
      assert.deepEqual(complaints, []);
    } finally {
      await browser.close();
    }
  });
});

/** @param {Page} page @param {string} text */
async function sentence(page, text) {
  await page.getByRole("heading", { level: 1, name: text, exact: true }).waitFor();
}

/** @param {Page} page @param {string} name @param {string} word */
async function assertService(page, name, word) {
  const row = page.getByRole("listitem").filter({ has: page.getByText(name, { exact: true }) });
  await row.getByText(word, { exact: true }).waitFor();
}
