// Questions to the database of the installation.

import { execFile } from "node:child_process";

import { hilo } from "./hilo.mjs";

/**
 * The rows that a query yields, each a list of texts. `:'name'` in it stands for a value, quoted by psql.
 * @param {string} query @param {Record<string, string>} [values] @returns {Promise<string[][]>}
 */
export function rows(query, values = {}) {
  const url = hilo().env["DATABASE_URL"] ?? "";
  const variables = Object.entries(values).map(([name, value]) => `--set=${name}=${value}`);
  const args = ["--no-psqlrc", "-Atq", "-F", "\t", "--set=ON_ERROR_STOP=1", ...variables, url];
  return new Promise((done, failed) => {
    const child = execFile("psql", args, (error, out, complaint) => {
      if (error) failed(new Error(`psql: ${complaint}`, { cause: error }));
      else done(out.split("\n").filter((line) => line !== "").map((line) => line.split("\t")));
    });
    // From standard input, for psql replaces variables there and not in `-c`.
    child.stdin?.end(query);
  });
}
