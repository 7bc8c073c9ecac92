import { expect, it } from "vitest";

import { placesBeside } from "./places";

it("finds the other programs by the offset of the gateway's port", () => {
  expect(placesBeside({ hostname: "127.0.0.1", port: "8080" })).toEqual({
    phone: "http://127.0.0.1:8090/", temporal: "http://127.0.0.1:8233/",
  });
  expect(placesBeside({ hostname: "localhost", port: "9580" })).toEqual({
    phone: "http://127.0.0.1:9590/", temporal: "http://127.0.0.1:9733/",
  });
});

it.each([
  ["hilo.ejemplo", "8080"], ["127.0.0.1.ejemplo", "8080"], ["127.0.0.1", ""], ["127.0.0.1", "5173"], ["127.0.0.1", "9826"],
])("links to nothing from %s:%s", (hostname, port) => {
  expect(placesBeside({ hostname, port })).toBeUndefined();
});
