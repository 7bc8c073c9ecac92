// The whole story: a customer asks for a person, Ana answers and closes, and a supervisor sees why. On a whole
// installation, with several browsers at once.

import assert from "node:assert/strict";
import { after, afterEach, before, describe, it } from "node:test";

import { assertAccessible, launch, openPage, picture } from "./browser.mjs";
import { ask, customer } from "./customer.mjs";
import { hilo, pidOf } from "./hilo.mjs";
import { logIn } from "./login.mjs";
import { rows } from "./psql.mjs";
import { until } from "./until.mjs";

/** @typedef {import("playwright-core").Page} Page */
/** @typedef {Awaited<ReturnType<typeof openPage>>} Opened */

describe("the desk", () => {
  /** @type {import("playwright-core").Browser} */
  let browser;
  /** @type {Opened[]} */
  let opened = [];

  before(async () => { browser = await launch(); });
  after(async () => { await browser.close(); });
  afterEach(async () => {
    for (const one of opened) await one.close();
    opened = [];
  });

  /** A browser of its own for somebody, at a page of Hilo. @param {string} who @param {string} [path] */
  async function person(who, path = "/") {
    const one = await openPage(browser);
    opened.push(one);
    await logIn(one.page, `${hilo().urls.web}${path}`, who);
    return one;
  }

  it("brings a customer to Ana, and her answer to the customer's phone", async () => {
    const ines = await customer("5215520000001", "Inés Prado");
    const ana = await person("ana");
    const { page } = ana;
    await setState(page, "Desconectado");
    await ines.asksForSomebody();

    // It waits; and the moment Ana is available it is hers, without a reload.
    await page.getByRole("link", { name: /^Sin asignar/ }).click();
    await page.getByRole("link", { name: /Inés Prado/ }).waitFor();
    await page.getByRole("link", { name: /^Míos/ }).click();
    await page.getByText("No tienes chats abiertos").waitFor();
    await setState(page, "Disponible");
    await page.getByRole("link", { name: /Inés Prado/ }).click();
    await bubble(page, "Hablar con agente").first().waitFor();
    await picture(page, "desk-assigned");
    await assertAccessible(page);

    await write(page, "Hola, Inés, soy Ana. ¿En qué te ayudo?");
    assert.equal(await ines.hears("soy Ana"), 1);
    const reply = bubble(page, "soy Ana");
    await reply.getByText("Entregado").waitFor({ state: "attached" });
    await ines.reads();
    await reply.getByText("Leído").waitFor({ state: "attached" });
    assert.equal(await reply.count(), 1);

    await ines.writes("Quiero devolver una taza");
    await bubble(page, "Quiero devolver una taza").waitFor();
    await page.getByRole("button", { name: "Nota interna" }).click();
    await page.getByLabel("Nota para el equipo").fill("Es la segunda vez");
    await page.getByLabel("Nota para el equipo").press("Enter");
    await page.getByRole("log").getByText("Es la segunda vez").waitFor();
    assert.equal((await ines.got()).filter((one) => JSON.stringify(one).includes("segunda vez")).length, 0);
    await picture(page, "desk-note");
    await page.getByRole("button", { name: "Responder" }).click();
    await picture(page, "desk-conversation");
    await page.emulateMedia({ colorScheme: "dark" });
    await picture(page, "desk-conversation-dark");
    await assertAccessible(page);
    await page.emulateMedia({ colorScheme: "light" });

    await page.getByRole("button", { name: "Cerrar chat" }).click();
    const dialog = page.getByRole("dialog", { name: "Cerrar el chat de Inés Prado" });
    await dialog.getByLabel("Resuelto").check();
    await picture(page, "desk-close");
    await dialog.getByRole("button", { name: "Cerrar", exact: true }).click();
    await page.getByText("No tienes chats abiertos").waitFor();
    await until(() => rows("select status, close_reason from chats where status = 'closed' order by closed_at desc limit 1"), [["closed", "resolved"]]);
    assert.deepEqual(ana.complaints, []);
  });

  it("tells a supervisor why, and what comes next", async () => {
    const bruno = await customer("5215520000002", "Bruno Salas");
    const ana = await person("ana");
    await setState(ana.page, "Disponible");
    await bruno.asksForSomebody();
    await ana.page.getByRole("link", { name: /Bruno Salas/ }).waitFor();

    const supervisor = await person("supervisor");
    const { page } = supervisor;
    await page.getByRole("heading", { name: "Sala" }).waitFor();
    const row = page.getByRole("row").filter({ hasText: "Bruno Salas" });
    await row.getByText("Asignado").waitFor();
    await row.getByText(/Ana/).waitFor();
    await picture(page, "room");
    await assertAccessible(page);
    await row.getByRole("link", { name: /Por qué/ }).click();
    await page.getByRole("heading", { name: "Qué pasa después" }).waitFor();
    const next = page.getByRole("region", { name: "Qué pasa después" }).getByRole("listitem");
    await until(async () => await next.count() > 0, true);
    await picture(page, "workflow");
    await assertAccessible(page);
    // A deep link is the page itself, also after a reload.
    await page.reload();
    await page.getByRole("heading", { name: "Por qué" }).waitFor();
    const before = await page.getByRole("region", { name: "Por qué", exact: true }).getByRole("listitem").count();
    assert.ok(before > 0);
    // What happens meanwhile is written down before the supervisor's eyes.
    await ana.page.getByRole("link", { name: /Bruno Salas/ }).click();
    await write(ana.page, "Hola, Bruno");
    await page.getByText("Activo").first().waitFor();
    await close(ana.page);
    assert.deepEqual([...ana.complaints, ...supervisor.complaints], []);
  });

  it("alerts the supervisor and gives the chat to Luis when Ana does not answer", async () => {
    const carla = await customer("5215520000003", "Carla Núñez");
    const ana = await person("ana");
    const supervisor = await person("supervisor");
    const before = await promise(6);
    try {
      await setState(ana.page, "Disponible");
      await carla.asksForSomebody();
      await ana.page.getByRole("link", { name: /Carla Núñez/ }).waitFor();
      const luis = await person("luis");
      await setState(luis.page, "Disponible");
      await luis.page.getByRole("link", { name: /Carla Núñez/ }).waitFor();
      await ana.page.getByRole("link", { name: /Carla Núñez/ }).waitFor({ state: "detached" });
      await supervisor.page.getByRole("alert").filter({ hasText: "Carla" }).waitFor();
      await picture(supervisor.page, "room-alarm");
      await assertAccessible(supervisor.page);
      await luis.page.getByRole("link", { name: /Carla Núñez/ }).click();
      await write(luis.page, "Hola, Carla");
      await setState(luis.page, "Desconectado");
      await close(luis.page);
    } finally {
      await promise(before);
    }
  });

  it("misses nothing while the server is away, and sends what was written meanwhile once", async () => {
    const dora = await customer("5215520000004", "Dora Vega");
    const { page } = await person("ana");
    await setState(page, "Disponible");
    await dora.asksForSomebody();
    await page.getByRole("link", { name: /Dora Vega/ }).click();
    await write(page, "Hola, Dora");
    await dora.hears("Hola, Dora");

    process.kill(pidOf("gateway"), "SIGKILL");
    await write(page, "Sigo aquí");
    const words = ["uno", "dos", "tres"].map((word) => `mientras no estabas ${word}`);
    for (const text of words) await dora.writes(text);
    await page.getByText("De vuelta.").waitFor();
    const heard = page.getByRole("log").getByRole("article").filter({ hasText: "mientras no estabas" });
    await until(async () => (await heard.allInnerTexts()).map((text) => text.split("\n")[0]), words);
    assert.equal(await dora.hears("Sigo aquí"), 1);
    await until(() => bubble(page, "Sigo aquí").count(), 1);
    await close(page);
  });

  it("refuses what is not so, and says it in words", async () => {
    const one = await openPage(browser);
    opened.push(one);
    const { page } = one;
    await page.goto(`${hilo().urls.web}/chats`);
    await page.getByRole("heading", { name: "Entra a Hilo" }).waitFor();
    await assertAccessible(page);
    await picture(page, "login");
    await page.getByLabel("Correo").fill("ana@demo.hilo.local");
    await page.getByLabel("Contraseña", { exact: true }).fill("no es esta");
    await page.getByRole("button", { name: "Entrar" }).click();
    await page.getByText("El correo o la contraseña no son correctos.").waitFor();
    await page.getByLabel("Contraseña", { exact: true }).fill("hilo-demo-2026");
    await page.getByRole("button", { name: "Entrar" }).click();
    await page.getByRole("navigation", { name: "Principal" }).waitFor();
    // Back where one wanted to go, and a chat that is nobody's is shown for what it is.
    assert.equal(new URL(page.url()).pathname, "/chats");
    await page.goto(`${hilo().urls.web}/chats/01900000-0000-7000-8000-000000000000`);
    await page.getByText("Este chat no existe, o no puedes verlo").waitFor();
    await page.getByRole("button", { name: /Tu perfil/ }).click();
    await page.getByRole("button", { name: "Salir" }).click();
    await page.getByRole("heading", { name: "Entra a Hilo" }).waitFor();
    await page.goto(`${hilo().urls.web}/chats`);
    await page.getByRole("heading", { name: "Entra a Hilo" }).waitFor();
  });

  it("fits on a phone", async () => {
    const one = await openPage(browser, { viewport: { width: 390, height: 844 }, hasTouch: true });
    opened.push(one);
    const { page, complaints } = one;
    await logIn(page, `${hilo().urls.web}/chats?tab=all`, "ana");
    await page.getByRole("link", { name: /^Todos/ }).waitFor();
    await assertAccessible(page);
    assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth), "no sideways scrolling");
    await picture(page, "desk-phone");
    assert.deepEqual(complaints, []);
  });
});

/** @param {Page} page @param {string} state */
async function setState(page, state) {
  const button = page.getByRole("button", { name: /Tu estado/ });
  await button.click();
  await page.getByRole("menuitemradio", { name: state, exact: true }).click();
  await page.getByRole("button", { name: `Tu estado: ${state}` }).waitFor();
}

/** @param {Page} page @param {string} text */
const bubble = (page, text) => page.getByRole("log").getByRole("article").filter({ hasText: text });

/** @param {Page} page @param {string} text */
async function write(page, text) {
  const draft = page.getByLabel("Mensaje", { exact: true });
  await draft.fill(text);
  await draft.press("Enter");
}

/** Closes the chat that is open. @param {Page} page */
async function close(page) {
  await page.getByRole("button", { name: "Cerrar chat" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Resuelto").check();
  await dialog.getByRole("button", { name: "Cerrar", exact: true }).click();
  await dialog.waitFor({ state: "detached" });
}

/** Within how many seconds the demo promises a first reply from now on; says what it was. @param {number} seconds */
async function promise(seconds) {
  const api = `${hilo().urls.web}/api/v1`;
  const body = { email: "supervisor@demo.hilo.local", password: "hilo-demo-2026" };
  const { accessToken } = /** @type {{ accessToken: string }} */ (await ask(`${api}/auth/login`, "POST", body));
  const headers = { authorization: `Bearer ${accessToken}` };
  const page = /** @type {{ items: { key: string, firstReplySeconds: number }[] }} */ (
    await ask(`${api}/campaigns`, "GET", undefined, headers));
  await ask(`${api}/campaigns/campaign-1`, "PATCH", { firstReplySeconds: seconds }, headers);
  return page.items.find(({ key }) => key === "campaign-1")?.firstReplySeconds ?? 120;
}
