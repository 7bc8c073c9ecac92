// The screens without a server: the built pages, the interface and the socket, over a small world in memory. For looking
// at the screens, and for stories that a real server cannot be made to tell.

import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { extname, join } from "node:path";

import { Server } from "socket.io";

import { createWorld } from "./world.mjs";

/** @typedef {import("../../src/api/types").Chat} Chat */

const dist = join(import.meta.dirname, "../../dist");
const TYPES = { ".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml", ".woff2": "font/woff2" };

/** @param {number} [port] */
export async function startFake(port = 0) {
  const world = createWorld();
  /** What the next replies meet, in their order: `lost` does the work and answers nothing. @type {("lost" | "refused")[]} */
  const faults = [];
  const server = createServer((request, response) => {
    handle(request, response).catch((/** @type {unknown} */ error) => {
      response.writeHead(500).end(String(error));
    });
  });
  const io = new Server(server, { path: "/socket.io" });

  io.use((socket, next) => { next(userOf(String(socket.handshake.auth["token"])) ? undefined : new Error("token-invalid")); });
  io.on("connection", (socket) => {
    const user = userOf(String(socket.handshake.auth["token"]));
    if (!user) return;
    void socket.join([`user ${user.id}`, ...user.role === "SUPERVISOR" ? ["all"] : []]);
    /** @typedef {{ chatId: string, after?: number }} Named */
    socket.on("chat.join", (/** @type {Named} */ { chatId, after }, /** @type {(answer: unknown) => void} */ done) => {
      const chat = world.chats.get(chatId);
      void socket.join(`chat ${chatId}`);
      done({ chat, events: (world.events.get(chatId) ?? []).filter(({ seq }) => after !== undefined && seq > after), more: false });
    });
    socket.on("chat.leave", (/** @type {Named} */ { chatId }) => { void socket.leave(`chat ${chatId}`); });
    socket.on("chat.read", (/** @type {Named} */ { chatId }) => { const chat = world.chats.get(chatId); if (chat) chat.unread = 0; });
    socket.on("chat.typing", (/** @type {Named} */ { chatId }) => {
      socket.to(`chat ${chatId}`).emit("agent.typing", { eventId: world.newId(), at: new Date().toISOString(), chatId, agentId: user.id, agentName: user.name });
    });
  });

  /** @param {Chat} chat @param {import("../../src/api/types").LiveEvent} event */
  function tell(chat, event) {
    const rooms = [`chat ${chat.id}`, "all", ...chat.agentId ? [`user ${chat.agentId}`] : [], ...chat.status === "queued" ? world.people.map(({ id }) => `user ${id}`) : []];
    io.to(rooms).emit(event.type, event);
  }

  /** @param {string} token */
  const userOf = (token) => world.people.find(({ id }) => token === `token-${id}`);

  /** The client writes. @param {string} chatId @param {string} text */
  function clientSays(chatId, text) {
    const chat = world.chats.get(chatId);
    if (!chat) throw new Error("no such chat");
    chat.unread += 1;
    tell(chat, world.say(chat, "client", text).event);
  }

  /** A receipt comes. @param {string} chatId @param {string} text @param {"sent" | "delivered" | "read"} status */
  function receipt(chatId, text, status) {
    const chat = world.chats.get(chatId);
    const message = world.messages.get(chatId)?.find((one) => one.text === text);
    if (!chat || !message) throw new Error("no such message");
    message.status = status;
    tell(chat, world.happened(chat, { type: "chat.updated", change: `message.${status}`, message: { ...message } }));
  }

  /** A chat gets to somebody. @param {string} chatId @param {string} agentId */
  function assign(chatId, agentId) {
    const chat = world.chats.get(chatId);
    const agent = world.people.find(({ id }) => id === agentId);
    if (!chat || !agent) throw new Error("no such chat or agent");
    Object.assign(chat, { agentId, agent: { id: agentId, name: agent.name }, status: "assigned", assignedAt: new Date().toISOString(), waitingSince: null });
    tell(chat, world.happened(chat, { type: "chat.new", change: "chat.assigned", chat: { ...chat } }));
  }

  /** @param {import("node:http").IncomingMessage} request @param {import("node:http").ServerResponse} response */
  async function handle(request, response) {
    const url = new URL(request.url ?? "/", "http://fake");
    if (url.pathname.startsWith("/api/v1/")) {
      await answerApi(request, response, url);
      return;
    }
    if (url.pathname === "/readyz") {
      json(response, 200, { status: "ready", degraded: [] });
      return;
    }
    const file = extname(url.pathname) === "" ? "/index.html" : url.pathname;
    const body = await readFile(join(dist, file)).catch(() => undefined);
    const type = TYPES[/** @type {keyof typeof TYPES} */ (extname(file))];
    if (!body) response.writeHead(404).end();
    else response.writeHead(200, { "content-type": type, "content-security-policy": "default-src 'self'; img-src 'self' data: blob:; style-src 'self' 'unsafe-inline'; object-src 'none'; base-uri 'none'; form-action 'self'" }).end(body);
  }

  /** @param {import("node:http").IncomingMessage} request @param {import("node:http").ServerResponse} response @param {URL} url */
  async function answerApi(request, response, url) {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    /** @type {Record<string, string>} */
    const body = chunks.length > 0 ? JSON.parse(Buffer.concat(chunks).toString() || "{}") : {};
    const path = url.pathname.slice("/api/v1/".length).split("/").map(decodeURIComponent);
    const method = request.method ?? "GET";
    const token = request.headers.authorization?.slice("Bearer ".length) ?? "";
    const me = userOf(token);
    const cookie = /hilo_refresh=([^;]+)/.exec(request.headers.cookie ?? "")?.[1];
    const login = (/** @type {string | undefined} */ id) => {
      const user = world.people.find((one) => one.id === id);
      if (!user) { problem(response, 401, "credentials-invalid"); return; }
      response.setHeader("set-cookie", `hilo_refresh=${encodeURIComponent(user.id)}; HttpOnly; SameSite=Strict; Path=/api/v1/auth`);
      json(response, 200, { accessToken: `token-${user.id}`, expiresIn: 900, user: seen(user) });
    };
    const [head, id = "", tail] = path;
    if (head === "auth") {
      if (id === "login") { login(body["password"] === "hilo-demo-2026" ? world.people.find(({ email }) => email === body["email"])?.id : undefined); return; }
      if (id === "refresh") {
        if (cookie) login(decodeURIComponent(cookie));
        else problem(response, 401, "session-over");
        return;
      }
      response.setHeader("set-cookie", "hilo_refresh=; Max-Age=0; Path=/api/v1/auth");
      json(response, 204); return;
    }
    if (!me) { problem(response, 401, "token-invalid"); return; }
    const chat = head === "chats" ? world.chats.get(id) : undefined;
    if (head === "chats" && id && !chat) { problem(response, 404, "not-found"); return; }
    if (head === "chats" && chat && method === "GET") { readChat(response, chat, tail); return; }
    if (head === "chats" && chat) { changeChat(request, response, { chat, tail, body, me }); return; }
    switch (head) {
      case "me": { json(response, 200, seen(me)); return; }
      case "chats": { page(response, list(url.searchParams, me.id)); return; }
      case "users": {
        const user = world.people.find((one) => one.id === id);
        if (!user) { page(response, world.people); return; }
        user.state = { state: /** @type {"available"} */ (body["state"]), reasonId: null, since: new Date().toISOString() };
        io.emit("analytics.agents.update", { eventId: world.newId(), at: new Date().toISOString(), agentId: id, state: body["state"] });
        json(response, 200, user.state); return;
      }
      case "queues": { page(response, world.queues.map((queue) => {
        const waiting = [...world.chats.values()].filter((one) => one.queueId === queue.id && one.status === "queued");
        return { ...queue, campaignId: "campaign", isDefault: queue.id === "ventas", waiting: waiting.length, oldestSince: waiting.map(({ waitingSince }) => waitingSince).sort()[0] ?? null, availableAgents: 2 };
      })); return; }
      case "campaigns": { page(response, [world.campaign]); return; }
      case "close-reasons": { page(response, [["resolved", "Resuelto"], ["no_response", "Sin respuesta"], ["out_of_hours", "Fuera de horario"], ["spam", "Spam"]].map(([key, name]) => ({ key, name }))); return; }
      case "pause-reasons": { page(response, [{ id: "lunch", name: "Colación" }, { id: "training", name: "Capacitación" }]); return; }
      case "notifications": {
        for (const one of world.notifications) if (method === "POST") one.readAt = new Date().toISOString();
        if (method === "POST") json(response, 204);
        else page(response, world.notifications);
        return;
      }
      default: { problem(response, 404, "not-found"); return; }
    }
  }

  /** @param {URLSearchParams} wanted @param {string} me */
  function list(wanted, me) {
    const status = wanted.get("status")?.split(",");
    const words = wanted.get("q")?.toLocaleLowerCase();
    return [...world.chats.values()].filter((chat) =>
      (!status || status.includes(chat.status)) && (wanted.get("agent") !== "me" || chat.agentId === me)
      && (!wanted.has("clientId") || chat.client.id === wanted.get("clientId"))
      && (words === undefined || `${chat.client.name ?? ""} ${chat.lastMessage?.text ?? ""}`.toLocaleLowerCase().includes(words)),
    ).sort((a, b) => b.lastActivityAt.localeCompare(a.lastActivityAt));
  }

  /** @param {import("node:http").ServerResponse} response @param {Chat} chat @param {string | undefined} what */
  function readChat(response, chat, what) {
    switch (what) {
      case undefined: { json(response, 200, chat); return; }
      case "messages": { page(response, world.messages.get(chat.id) ?? []); return; }
      case "notes": { page(response, world.notes.get(chat.id) ?? []); return; }
      case "ledger": { page(response, world.ledger.get(chat.id) ?? []); return; }
      case "transfer-targets": { json(response, 200, {
        queues: world.queues, agents: world.people.filter(({ state }) => state).map(({ id, name, state, load }) => ({ id, name, state: state?.state, load, capacity: 5 })),
      }); return; }
      case "workflow": { json(response, 200, workflowOf(chat)); return; }
      default: { problem(response, 404, "not-found"); return; }
    }
  }

  /**
   * @param {import("node:http").IncomingMessage} request @param {import("node:http").ServerResponse} response
   * @param {{ chat: Chat, tail: string | undefined, body: Record<string, string>, me: import("../../src/api/types").User }} asked
   */
  function changeChat(request, response, { chat, tail, body, me }) {
    const now = new Date().toISOString();
    const key = String(request.headers["idempotency-key"]);
    switch (tail) {
      case "messages": {
        const known = world.replies.get(key);
        if (known) { json(response, 202, known); return; }
        const fault = faults.shift();
        if (fault === "refused") { problem(response, 422, "window-closed"); return; }
        const { message, event } = world.say(chat, "agent", body["text"] ?? "", { status: "pending", agent: { id: me.id, name: me.name } });
        world.replies.set(key, message);
        Object.assign(chat, { status: "active", firstReplyAt: chat.firstReplyAt ?? now });
        tell(chat, event);
        if (fault === "lost") {
          response.destroy();
          return undefined;
        }
        json(response, 202, message); return;
      }
      case "notes": {
        const note = { id: world.newId(), chatId: chat.id, author: { id: me.id, name: me.name }, text: body["text"] ?? "", at: now };
        world.notes.get(chat.id)?.push(note);
        json(response, 201, note); return;
      }
      case "take": Object.assign(chat, { agentId: me.id, agent: { id: me.id, name: me.name }, status: "assigned", assignedAt: now, waitingSince: null }); break;
      case "assign": Object.assign(chat, { agentId: body["agentId"], agent: world.people.find(({ id }) => id === body["agentId"]), status: "assigned", assignedAt: now }); break;
      case "transfer": Object.assign(chat, { agentId: null, agent: null, status: "queued", queueId: body["queueId"], queue: world.queues.find(({ id }) => id === body["queueId"]), waitingSince: now }); break;
      case "close": Object.assign(chat, { status: "closed", closedAt: now, closeReason: body["reason"] }); break;
      case "reopen": Object.assign(chat, { status: "assigned", agentId: me.id, agent: { id: me.id, name: me.name }, closedAt: null }); break;
      case "snooze": Object.assign(chat, { status: "pending", snoozedUntil: body["until"] }); break;
      case "priority": Object.assign(chat, { priority: body["priority"] }); break;
      case "hold": case "resume": chat.held = tail === "hold"; break;
      default: { problem(response, 404, "not-found"); return; }
    }
    tell(chat, world.happened(chat, { type: tail === "close" ? "chat.closed" : "chat.updated", change: "chat.updated", chat: { ...chat } }));
    json(response, 200, chat);
  }

  /** @param {import("../../src/api/types").User} user */
  const seen = (user) => ({ ...user, permissions: world.permissionsOf(user), sessionId: "session" });

  await new Promise((done) => { server.listen(port, "127.0.0.1", () => { done(undefined); }); });
  const address = server.address();
  const url = `http://127.0.0.1:${typeof address === "object" && address ? address.port : port}`;
  return {
    url, world, clientSays, receipt, assign, faults,
    /** Every socket is cut, as by a network that fails. */
    cut() { for (const socket of io.sockets.sockets.values()) socket.conn.close(); },
    async stop() { await io.close(); },
  };
}

/** @param {Chat} chat */
function workflowOf(chat) {
  const inAWhile = (/** @type {number} */ seconds) => new Date(Date.now() - Date.now() % 1000 + seconds * 1000).toISOString();
  const name = chat.client.name ?? "el cliente";
  const next = [
    { at: inAWhile(161), what: "Vence el silencio: si nadie contesta, se avisa a quien supervisa" },
    { at: inAWhile(461), what: `Vuelve a la cola ${chat.queue?.name ?? "Ventas"}; conserva su espera` },
    { at: chat.windowClosesAt, what: "Se cierra la ventana de 24 h: después, solo plantillas" },
  ];
  return {
    chatId: chat.id, workflowId: `conversation/${chat.conversationId}`, status: chat.status, held: chat.held,
    summary: `Espera que ${chat.agent?.name ?? "una persona"} conteste a ${name}, que preguntó hace 4 min. Si no contesta, en 2 min 41 s se avisa a quien supervisa.`,
    flow: { id: "postventa", version: 7, node: "a_garantias" }, variables: { pedido: "48213", entregado: "2026-11-18", motivo: "Llegó dañado" },
    waitsFor: "la respuesta de una persona", timers: next.slice(0, 2).map(({ at, what }, index) => ({ id: String(index), kind: "reassign", dueAt: at, effect: what })),
    next, runs: [{ runId: "0193f2c4-aaaa", events: 64, status: "running", startedAt: chat.openedAt }], temporalAnswers: true, temporalUrl: "http://127.0.0.1:8233/",
  };
}

/** @param {import("node:http").ServerResponse} response @param {number} status @param {unknown} [body] */
function json(response, status, body) {
  response.writeHead(status, { "content-type": "application/json" }).end(body === undefined ? undefined : JSON.stringify(body));
}

/** @param {import("node:http").ServerResponse} response @param {unknown[]} items */
const page = (response, items) => { json(response, 200, { items, nextCursor: null }); };

/** @param {import("node:http").ServerResponse} response @param {number} status @param {string} code */
function problem(response, status, code) {
  response.writeHead(status, { "content-type": "application/problem+json" });
  response.end(JSON.stringify({ type: `/problems/${code}`, title: code, status, detail: code, instance: "request" }));
}

if (process.argv[1] === import.meta.filename) {
  const { url } = await startFake(Number(process.env["PORT"] ?? 5199));
  process.stdout.write(`${url}\n`);
}
