// How the server is asked: every path and shape from its own document, every refusal a `Problem`.

import createClient, { type Middleware } from "openapi-fetch";

import type { paths } from "./__generated__/schema";
import { noteServerTime } from "./clock";
import { problemOf, unreachable } from "./problem";
import { currentToken, refresh } from "./session";

/** Puts the token on each request; one that is refused for its token is tried once more with a new one. */
const withToken: Middleware = {
  onRequest({ request }) {
    const token = currentToken();
    if (token) request.headers.set("authorization", `Bearer ${token.value}`);
    // What the server says in words, it says in the language of the screen.
    request.headers.set("accept-language", document.documentElement.lang);
    retries.set(request, request.clone());
    return request;
  },
  async onResponse({ request, response, schemaPath }) {
    noteServerTime(response.headers.get("date"));
    const again = retries.get(request);
    if (response.status !== 401 || schemaPath.startsWith("/api/v1/auth/") || !again) return response;
    const token = await refresh();
    if (!token) return response;
    again.headers.set("authorization", `Bearer ${token.value}`);
    return fetch(again);
  },
  onError({ error }) {
    return error instanceof Error && error.name === "AbortError" ? error : unreachable();
  },
};

/** A body can be read once; the second try has its own copy. */
const retries = new WeakMap<Request, Request>();

export const api = createClient<paths>({ baseUrl: "/" });
api.use(withToken);

/** What was asked for; a refusal is thrown. */
export async function answered<Data>(
  asked: Promise<{ data?: Data | undefined; error?: unknown; response: Response }>,
): Promise<Data> {
  const { data, error, response } = await asked;
  if (!response.ok) throw problemOf(response.status, error);
  return data as Data;
}
