import { readFileSync } from "node:fs";
import { join } from "node:path";

import openapiTypescript, { astToString, COMMENT_HEADER } from "openapi-typescript";
import { expect, it } from "vitest";

const here = import.meta.dirname;

it("has types that are those of the server's document; `npm run gen` writes them", async () => {
  const nodes = await openapiTypescript(new URL(`file://${join(here, "openapi.json")}`), { defaultNonNullable: false });
  const committed = readFileSync(join(here, "__generated__/schema.ts"), "utf8");
  expect(`${COMMENT_HEADER}${astToString(nodes)}`).toBe(committed);
});
