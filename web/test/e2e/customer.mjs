// A customer with a phone, by the simulator's interface: as quick as a program, as real as a tap.

import { hilo } from "./hilo.mjs";
import { until } from "./until.mjs";

/** @typedef {{ id: string, type: string, text?: string, request: unknown, status: string }} Got */

/** A customer of this number, under this name. @param {string} phone @param {string} name */
export async function customer(phone, name) {
  const at = `${hilo().urls.simulator}/sim/customers/${phone}`;
  await ask(at, "PUT", { name });

  /** What our side has sent to them, ascending. @returns {Promise<Got[]>} */
  const got = async () => /** @type {{ items: Got[] }} */ (await ask(`${at}/messages`, "GET")).items;
  /** @param {string} text */
  const writes = (text) => ask(`${at}/messages`, "POST", { type: "text", text });
  /** Waits until these words have come, and says how often they did. @param {string} words */
  const hears = async (words) => {
    const heard = async () => (await got()).filter((one) => JSON.stringify(one).includes(words)).length;
    await until(async () => await heard() > 0, true);
    return heard();
  };
  return {
    got, writes, hears,
    reads: () => ask(`${at}/read`, "POST", {}),
    /** Goes through the demo's menu to where a person is called. */
    async asksForSomebody() {
      await writes("hola");
      await hears("¿En qué te puedo ayudar?");
      await writes("Hablar con agente");
      await hears("Te estoy conectando con un agente");
    },
  };
}

/** @param {string} url @param {string} method @param {unknown} [body] @returns {Promise<unknown>} */
export async function ask(url, method, body, headers = {}) {
  const answer = await fetch(url, {
    method, headers: { "content-type": "application/json", ...headers }, ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${method} ${url}: ${answer.status} ${text}`);
  return text === "" ? undefined : /** @type {unknown} */ (JSON.parse(text));
}
