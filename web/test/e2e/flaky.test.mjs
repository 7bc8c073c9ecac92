// The desk on a network that fails, which a real server cannot be made to do on demand: answers that are lost, replies
// that are refused, sockets that are cut. Nothing is shown twice, nothing is missing, nothing is sent twice.

import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, describe, it } from "node:test";

import { startFake } from "../fake/server.mjs";
import { launch, openPage } from "./browser.mjs";
import { logIn } from "./login.mjs";
import { until } from "./until.mjs";

/** @typedef {import("playwright-core").Page} Page */

describe("the desk on a network that fails", () => {
  /** @type {import("playwright-core").Browser} */
  let browser;
  /** @type {Awaited<ReturnType<typeof startFake>>} */
  let fake;
  /** @type {Awaited<ReturnType<typeof openPage>>} */
  let opened;
  /** @type {string} */
  let chat;

  before(async () => { browser = await launch(); });
  after(async () => { await browser.close(); });
  beforeEach(async () => {
    fake = await startFake();
    opened = await openPage(browser);
    chat = [...fake.world.chats.values()].find(({ client }) => client.name === "Carolina Muñoz")?.id ?? "";
    await logIn(opened.page, `${fake.url}/chats/${chat}`, "ana");
    await said(opened.page, "Ya pedí el retiro");
  });
  afterEach(async () => {
    await opened.close();
    await fake.stop();
  });

  it("shows what the client writes at once, and what becomes of a reply", async () => {
    const { page, complaints } = opened;
    fake.clientSays(chat, "¿Cuándo llega?");
    await said(page, "¿Cuándo llega?");
    await write(page, "Mañana por la mañana");
    for (const [status, word] of /** @type {const} */ ([["sent", "Enviado"], ["delivered", "Entregado"], ["read", "Leído"]])) {
      await until(() => texts(fake, chat, "Mañana por la mañana").length, 1);
      fake.receipt(chat, "Mañana por la mañana", status);
      await bubble(page, "Mañana por la mañana").getByText(word).waitFor({ state: "attached" });
    }
    assert.deepEqual(complaints, []);
  });

  it("sends a reply once, though its answer was lost and the button was pressed twice", async () => {
    const { page } = opened;
    fake.faults.push("lost");
    await page.getByLabel("Mensaje", { exact: true }).fill("solo una vez");
    await page.getByRole("button", { name: "Enviar" }).dblclick();
    await until(() => fake.world.replies.size, 1);
    // Answered at the second try, with the same key.
    await until(() => page.evaluate(() => Object.keys(sessionStorage).filter((key) => key.startsWith("hilo.outbox"))
      .map((key) => sessionStorage.getItem(key))), ["[]"]);
    assert.equal(await bubble(page, "solo una vez").count(), 1);
    assert.equal(texts(fake, chat, "solo una vez").length, 1);
  });

  it("says why a reply was refused, and sends it again only when told to", async () => {
    const { page } = opened;
    fake.faults.push("refused");
    await write(page, "demasiado tarde");
    const refused = bubble(page, "demasiado tarde");
    await refused.getByText("Pasaron 24 horas").waitFor();
    assert.equal(texts(fake, chat, "demasiado tarde").length, 0);
    await refused.getByRole("button", { name: "Reintentar" }).click();
    await until(() => texts(fake, chat, "demasiado tarde").length, 1);
    await until(() => bubble(page, "demasiado tarde").count(), 1);
  });

  it("misses nothing and doubles nothing after its socket was cut", async () => {
    const { page, complaints } = opened;
    const missed = ["uno", "dos", "tres", "cuatro"].map((word) => `mientras tanto ${word}`);
    fake.cut();
    for (const text of missed) fake.clientSays(chat, text);
    await said(page, "mientras tanto cuatro");
    await until(async () => (await page.getByRole("article").filter({ hasText: "mientras tanto" }).allInnerTexts())
      .map((text) => text.split("\n")[0]), missed);
    await page.getByText("De vuelta.").waitFor();
    assert.deepEqual(complaints, []);
  });

  it("gets a chat that is assigned without being asked again", async () => {
    const { page } = opened;
    const waiting = [...fake.world.chats.values()].find(({ client }) => client.name === "Sofía Aravena");
    assert.ok(waiting);
    fake.assign(waiting.id, "Ana");
    await page.getByRole("link", { name: /Sofía Aravena/ }).waitFor();
  });

  it("keeps the draft of each chat, and leaves none behind at the log-out", async () => {
    const { page } = opened;
    await page.getByLabel("Mensaje", { exact: true }).fill("a medio escribir");
    await page.getByRole("link", { name: /Tomás Arriagada/ }).click();
    await page.getByRole("heading", { name: "Tomás Arriagada" }).waitFor();
    assert.equal(await page.getByLabel("Mensaje", { exact: true }).inputValue(), "");
    await page.getByRole("link", { name: /Carolina Muñoz/ }).click();
    await until(() => page.getByLabel("Mensaje", { exact: true }).inputValue(), "a medio escribir");
    await page.getByRole("button", { name: /Tu perfil/ }).click();
    await page.getByRole("button", { name: "Salir" }).click();
    await page.getByRole("heading", { name: "Entra a Hilo" }).waitFor();
    assert.equal(await page.evaluate(() => Object.keys(localStorage).filter((key) => key.includes("draft")).length), 0);
  });
});

/** @param {Page} page @param {string} text */
const bubble = (page, text) => page.getByRole("log").getByRole("article").filter({ hasText: text });

/** @param {Page} page @param {string} text */
const said = (page, text) => bubble(page, text).first().waitFor();

/** @param {Page} page @param {string} text */
async function write(page, text) {
  const draft = page.getByLabel("Mensaje", { exact: true });
  await draft.fill(text);
  await draft.press("Enter");
}

/**
 * The messages with these words that the server has.
 * @param {Awaited<ReturnType<typeof startFake>>} fake @param {string} chat @param {string} text
 */
const texts = (fake, chat, text) => (fake.world.messages.get(chat) ?? []).filter((message) => message.text === text);
