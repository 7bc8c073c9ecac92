// A customer writes on a phone, and what was written stands in the database: once, in order, with its event and bell.

import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, describe, it } from "node:test";

import { assertAccessible, launch, openPage, picture } from "./browser.mjs";
import { hilo } from "./hilo.mjs";
import { rows } from "./psql.mjs";
import { until } from "./until.mjs";

/** @typedef {import("playwright-core").Page} Page */

const OF_THIS_MESSAGE = `
  with sent as (select message_id from inbound_keys where provider_id = :'id'),
       talk as (select conversation_id from messages where id in (select message_id from sent))
  select (select count(*) from sent),
         (select count(*) from messages join talk using (conversation_id) where direction = 'inbound'),
         (select count(*) from events join talk using (conversation_id) where kind = 'message.received'),
         (select count(*) from inputs join talk using (conversation_id))`;

/** In the order in which a workflow looks at them; `seq` numbers the conversation's events. */
const IN_ORDER = `
  select keys.provider_id, messages.seq
    from inputs
    join messages on messages.id = inputs.message_id
    join inbound_keys keys on keys.message_id = messages.id
   where inputs.conversation_id = (
           select conversation_id from messages where id in (select message_id from inbound_keys where provider_id = :'id'))
   order by inputs.n`;

describe("a customer's phone", () => {
  /** @type {import("playwright-core").Browser} */
  let browser;
  /** @type {Awaited<ReturnType<typeof openPage>>} */
  let opened;

  before(async () => { browser = await launch(); });
  after(async () => { await browser.close(); });
  beforeEach(async () => {
    opened = await openPage(browser);
    await opened.page.goto(hilo().urls.simulator);
  });
  afterEach(async () => { await opened.close(); });

  it("sends a message that is stored exactly once, with its event and its bell", async () => {
    const { page, complaints } = opened;
    await addCustomer(page, "5215510000001", "Inés Prado");
    await write(page, "hola");
    const id = await idOf(page, "hola");
    await until(() => rows(OF_THIS_MESSAGE, { id }), [["1", "1", "1", "1"]]);
    await until(() => rows("select count(*) from outbox"), [["0"]]);
    assert.deepEqual(complaints, []);
  });

  it("sends several in a hurry, and their order is kept all the way", async () => {
    const { page, complaints } = opened;
    await addCustomer(page, "5215510000002", "Tomás Vidal");
    const texts = ["uno", "dos", "tres", "cuatro", "cinco", "seis", "siete", "ocho"];
    for (const text of texts) await write(page, text);

    const mine = page.getByRole("log").getByRole("listitem").filter({ hasText: new RegExp(texts.join("|")) });
    await until(async () => (await mine.allInnerTexts()).map((text) => text.split("\n")[0]), texts);
    const ids = await mine.evaluateAll((items) => items.map((item) => item.getAttribute("data-id") ?? ""));
    const [first = ""] = ids;
    await until(async () => (await rows(IN_ORDER, { id: first })).map(([id]) => id), ids);
    const seqs = (await rows(IN_ORDER, { id: first })).map(([, seq]) => Number(seq));
    // What the bot answers meanwhile has numbers of its own.
    assert.deepEqual(seqs, [...new Set(seqs)].sort((a, b) => a - b));
    assert.deepEqual(complaints, []);
  });

  it("looks right in both themes", async () => {
    const { page, complaints } = opened;
    await addCustomer(page, "5215510000003", "Alma Ríos");
    await write(page, "¿Tienen la taza azul?");
    await idOf(page, "¿Tienen la taza azul?");
    for (const colorScheme of /** @type {const} */ (["light", "dark"])) {
      await page.emulateMedia({ colorScheme });
      await picture(page, `phone-${colorScheme}`);
      await assertAccessible(page);
    }
    assert.deepEqual(complaints, []);
  });
});

/** @param {Page} page @param {string} phone @param {string} name */
async function addCustomer(page, phone, name) {
  await page.getByRole("button", { name: "Agregar cliente" }).click();
  const dialog = page.getByRole("dialog", { name: "Agregar cliente" });
  await dialog.getByLabel("Teléfono con código de país").fill(phone);
  await dialog.getByLabel("Nombre").fill(name);
  await dialog.getByRole("button", { name: "Agregar" }).click();
  await page.getByRole("button", { name, exact: false }).and(page.locator("[aria-current=true]")).waitFor();
}

/** @param {Page} page @param {string} text */
async function write(page, text) {
  const draft = page.getByLabel("Mensaje");
  await draft.fill(text);
  await draft.press("Enter");
}

/** The provider's id of what was just written. @param {Page} page @param {string} text */
async function idOf(page, text) {
  const item = page.getByRole("log").getByRole("listitem").filter({ hasText: text });
  const id = await item.getAttribute("data-id");
  assert.ok(id);
  return id;
}
