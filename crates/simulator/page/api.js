// The simulator's control API, as the page uses it.

async function call(method, path, body, type = "application/json") {
  const options = { method, headers: body === undefined ? {} : { "content-type": type } };
  if (body !== undefined) options.body = type === "application/json" ? JSON.stringify(body) : body;
  const answer = await fetch(path, options);
  const told = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Error(told.errors?.[0]?.message ?? told.detail ?? `${answer.status}`);
  return told;
}

const of = (waId) => `/sim/customers/${encodeURIComponent(waId)}`;

export const api = {
  numbers: async () => (await call("GET", "/sim/numbers")).items,
  customers: async () => (await call("GET", "/sim/customers")).items,
  customer: (waId) => call("GET", of(waId)),
  name: (waId, name) => call("PUT", of(waId), { name }),
  read: (waId) => call("POST", `${of(waId)}/read`),
  say: (waId, phoneNumberId, message) => call("POST", `${of(waId)}/messages`, { phoneNumberId, ...message }),
  upload: (waId, phoneNumberId, file) => {
    const query = new URLSearchParams({ filename: file.name, phoneNumberId });
    return call("POST", `${of(waId)}/media?${query}`, file, file.type || "application/octet-stream");
  },
};

/** Live events; `on.ready` at the start and after every reconnection, `on.lost` when the connection breaks. */
export function listen(on) {
  const source = new EventSource("/sim/events");
  for (const name of ["ready", "resync", "message", "status", "customer", "businessRead", "typing"]) {
    source.addEventListener(name, (event) => on[name === "resync" ? "ready" : name]?.(JSON.parse(event.data)));
  }
  source.onerror = () => on.lost();
}
