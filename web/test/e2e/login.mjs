// Logging in as one of the demo's people.

/**
 * Goes to a page, logs in where that is asked for, and is there.
 * @param {import("playwright-core").Page} page @param {string} url @param {string} who
 */
export async function logIn(page, url, who) {
  await page.goto(url);
  await page.getByLabel("Correo").fill(`${who}@demo.hilo.local`);
  await page.getByLabel("Contraseña", { exact: true }).fill("hilo-demo-2026");
  await page.getByRole("button", { name: "Entrar" }).click();
  await page.getByRole("navigation", { name: "Principal" }).waitFor();
}
