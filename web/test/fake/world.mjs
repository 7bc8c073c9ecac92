// A small world for the screens: the demo's people, queues and a handful of chats, in memory. It keeps the shapes of
// the server's document and as much of its behaviour as a screen can notice; what it decides is no promise of the server.

const MINUTE = 60_000;

/** @typedef {import("../../src/api/types").Chat} Chat */
/** @typedef {import("../../src/api/types").Message} Message */
/** @typedef {import("../../src/api/types").LiveEvent} LiveEvent */
/** @typedef {import("../../src/api/types").User} User */

let last = 0;
const newId = () => `00000000-0000-7000-8000-${String(last += 1).padStart(12, "0")}`;

/** @param {number} ago milliseconds */
const before = (ago) => new Date(Date.now() - ago).toISOString();

/** @param {string} name @param {User["role"]} role @param {NonNullable<User["state"]>["state"] | null} state @param {number} [since] @returns {User} */
const person = (name, role, state, since = 20 * MINUTE) => ({
  id: name, email: `${name.toLowerCase()}@demo.hilo.local`, name: { Ana: "Ana Belmar", Luis: "Luis Ferrer" }[name] ?? name, role, locale: "es",
  state: state && { state, reasonId: null, since: before(since) }, load: 0, campaignIds: ["campaign"],
});

const AGENT = ["chats.read", "chats.update", "chats.close", "chats.transfer", "whatsapp.send.message", "workflows.read"];
const LEAD = [...AGENT, "chats.assign", "users.read", "users.update", "campaigns.read", "workflows.intervene"];

export function createWorld() {
  const campaign = { id: "campaign", key: "campaign-1", name: "Demo", status: "active", firstReplySeconds: 300, idleSeconds: 3600, capacity: 5 };
  const queues = [{ id: "ventas", key: "queue-1", name: "Ventas" }, { id: "soporte", key: "queue-2", name: "Soporte" }];
  const people = [
    person("Ana", "AGENTE", "available", 72 * MINUTE), person("Luis", "AGENTE", "paused", 38 * MINUTE),
    person("Mateo", "AGENTE", "available", 3 * MINUTE), person("Camila", "AGENTE", "busy", 52 * MINUTE),
    person("Iván", "AGENTE", "offline"), person("Supervisor", "SUPERVISOR", null),
  ];
  /** @type {Map<string, Chat>} */
  const chats = new Map();
  /** @type {Map<string, Message[]>} */
  const messages = new Map();
  /** @type {Map<string, LiveEvent[]>} */
  const events = new Map();
  /** @type {Map<string, { id: string, chatId: string, author: { id: string, name: string }, text: string, at: string }[]>} */
  const notes = new Map();
  /** @type {Map<string, Message>} */
  const replies = new Map();
  /** @type {Map<string, { seq: number, at: string, kind: string, text: string, detail: unknown }[]>} */
  const ledger = new Map();
  const notifications = [{
    id: "n1", kind: "sla.first_reply", text: "Jorge Salinas espera la primera respuesta desde hace más de 5 minutos", chatId: "",
    data: {}, at: before(190_000), readAt: /** @type {string | null} */ (null),
  }];

  /** @param {string} name @param {Partial<Chat>} more */
  function addChat(name, more) {
    const id = newId();
    const queue = queues.find((one) => one.id === more.queueId) ?? null;
    const agent = people.find((one) => one.id === more.agentId);
    /** @type {Chat} */
    const chat = {
      id, conversationId: newId(), number: { id: "number", phone: "+525500000001", name: "Demo" },
      client: { id: newId(), name, phone: `+52155100000${String(chats.size).padStart(2, "0")}` }, campaignId: "campaign",
      campaign: { id: "campaign", key: "campaign-1", name: "Demo" }, queueId: null, queue, status: "active", priority: "normal", agentId: null,
      agent: agent ? { id: agent.id, name: agent.name } : null, attention: null, held: false, openedAt: before(12 * MINUTE), queuedAt: null,
      waitingSince: null, assignedAt: null, firstReplyAt: null, snoozedUntil: null, closedAt: null, closeReason: null, unread: 0, lastMessage: null,
      lastActivityAt: before(0), sla: { firstReplyDueAt: null, breachedAt: null }, windowClosesAt: before(-23.9 * 60 * MINUTE), lastSeq: 0, ...more,
    };
    chats.set(id, chat);
    messages.set(id, []);
    events.set(id, []);
    notes.set(id, []);
    ledger.set(id, []);
    return chat;
  }

  /** The next number of a chat's conversation. @param {Chat} chat @param {Partial<LiveEvent> & Pick<LiveEvent, "type">} what */
  function happened(chat, what) {
    chat.lastSeq += 1;
    /** @type {LiveEvent} */
    const event = { eventId: newId(), conversationId: chat.conversationId, chatId: chat.id, seq: chat.lastSeq, at: before(0), ...what };
    const kept = { ...event };
    delete kept.chat;
    events.get(chat.id)?.push(kept);
    return event;
  }

  /** @param {Chat} chat @param {Message["author"]} author @param {string} text @param {Partial<Message>} [more] */
  function say(chat, author, text, more = {}) {
    const inbound = author === "client";
    /** @type {Message} */
    const message = {
      id: newId(), conversationId: chat.conversationId, chatId: chat.id, seq: chat.lastSeq + 1, direction: inbound ? "inbound" : "outbound",
      author, agent: author === "agent" ? chat.agent : null, type: "text", text, media: null, interactive: null, location: null, replyTo: null,
      status: inbound ? null : "read", error: null, at: before(0), ...more,
    };
    messages.get(chat.id)?.push(message);
    chat.lastMessage = message;
    chat.lastActivityAt = message.at;
    return { message, event: happened(chat, { type: "chat.message", change: inbound ? "message.received" : "message.prepared", message }) };
  }

  /** @param {Chat} chat @param {number} ago @param {string} kind @param {string} text @param {unknown} [detail] */
  const why = (chat, ago, kind, text, detail = {}) => ledger.get(chat.id)?.push({ seq: last += 1, at: before(ago), kind, text, detail });

  populate({ addChat, say, why, notes, notifications, people });
  return { campaign, queues, people, chats, messages, events, notes, replies, ledger, notifications, happened, say, why, newId, addChat, permissionsOf };
}

/** @param {User} user */
const permissionsOf = (user) => (user.role === "SUPERVISOR" ? LEAD : AGENT)
  .map((permission) => ({ permission, scope: /** @type {"team" | "own"} */ (user.role === "SUPERVISOR" ? "team" : "own") }));

/** @typedef {ReturnType<typeof createWorld>} World */

/** @param {Pick<World, "addChat" | "say" | "why" | "notes" | "notifications" | "people">} world */
function populate({ addChat, say, why, notes, notifications, people }) {
  /** @param {number} ago */
  const at = (ago) => ({ at: before(ago) });
  const due = (/** @type {number} */ left, /** @type {string | null} */ breachedAt = null) => ({ firstReplyDueAt: before(-left), breachedAt });

  const jorge = addChat("Jorge Salinas", { agentId: "Ana", queueId: "soporte", status: "assigned", queuedAt: before(490_000), assignedAt: before(480_000), sla: due(-190_000, before(190_000)), unread: 3 });
  say(jorge, "client", "Llevo esperando desde las 10, ¿hay alguien?", at(420_000));
  const [first] = notifications;
  if (first) first.chatId = jorge.id;

  const carolina = addChat("Carolina Muñoz", {
    agentId: "Ana", queueId: "soporte", status: "active", queuedAt: before(600_000), assignedAt: before(566_000), firstReplyAt: before(498_000),
    sla: due(-300_000), attention: { since: before(120_000), reason: "send_uncertain" },
  });
  say(carolina, "client", "hola", at(702_000));
  say(carolina, "bot", "Hola, soy el asistente de Demo. ¿En qué te ayudo?", {
    ...at(700_000), type: "interactive",
    interactive: { kind: "buttons", header: null, footer: "Responde cuando quieras", button: null, url: null, choices: [{ id: "a", title: "Ver mi pedido", description: null }, { id: "b", title: "Hablar con agente", description: null }] },
  });
  say(carolina, "client", "Hablar con agente", { ...at(660_000), type: "interactive", interactive: { kind: "button_reply", header: null, footer: null, button: null, url: null, choices: [{ id: "b", title: "Hablar con agente", description: null }] } });
  say(carolina, "bot", "Gracias, Carolina. Encontré tu pedido 48213 y está en garantía. Te paso con una persona del equipo.", at(605_000));
  say(carolina, "agent", "Hola, Carolina, soy Ana. Qué pena, lo resolvemos hoy. ¿Me envías una foto de la puerta?", at(498_000));
  say(carolina, "client", "¿Me la cambian o la reparan?", { ...at(259_000), type: "image", media: { id: "m", mimeType: "image/jpeg", filename: "puerta-trizada.jpg", voice: false } });
  notes.get(carolina.id)?.push({ id: "note-1", chatId: carolina.id, author: { id: "Supervisor", name: "Rosario Pinto" }, text: "Es clienta desde 2019: autoriza cambio directo, sin taller.", at: before(200_000) });
  say(carolina, "agent", "Te la cambiamos por una nueva. Ya pedí el retiro.", { ...at(120_000), status: "uncertain" });
  why(carolina, 702_000, "chat_opened", "Carolina escribió y empezó un chat en la campaña Demo");
  why(carolina, 701_000, "flow_started", "Empezó el flujo «Postventa», versión 7");
  why(carolina, 604_000, "queued", "Pidió una persona: en cola Soporte, prioridad normal", { queue: "queue-2", priority: 0 });
  why(carolina, 566_000, "assigned", "Asignado a Ana Belmar: la que menos chats lleva", {
    rule: "least_busy", candidates: [{ agent: "Ana Belmar", load: "3 de 5", verdict: "elegida" }, { agent: "Mateo", load: "5 de 5", verdict: "lleno" }, { agent: "Luis Ferrer", load: "0 de 5", verdict: "en pausa" }],
  });
  why(carolina, 498_000, "send_passed", "Primera respuesta en 01:42, meta 05:00");
  why(carolina, 259_000, "timer_fired", "Reloj de silencio armado de nuevo por 1 h");
  why(carolina, 118_000, "send_uncertain", "Envío incierto: se espera el acuse, no se repite", { attempt: 1, reason: "timeout" });

  const paula = addChat("Paula Henríquez", { agentId: "Ana", queueId: "ventas", status: "assigned", queuedAt: before(40_000), assignedAt: before(38_000), sla: due(260_000), unread: 1 });
  say(paula, "client", "Perfecto, quedo atenta", at(30_000));
  const tomas = addChat("Tomás Arriagada", { agentId: "Ana", queueId: "soporte", status: "active", queuedAt: before(1_500_000), firstReplyAt: before(1_440_000), sla: due(-1_200_000) });
  say(tomas, "client", "¿Cómo devuelvo el pedido?", at(1_500_000));
  say(tomas, "agent", "Te adjunto la etiqueta de devolución", at(900_000));
  const elena = addChat("Elena Fuentes", { agentId: "Ana", queueId: "soporte", status: "pending", queuedAt: before(9_000_000), firstReplyAt: before(8_900_000), sla: due(-8_000_000), snoozedUntil: before(-50_000_000), windowClosesAt: before(-4_800_000) });
  say(elena, "agent", "Lo revisamos con el taller y te aviso", { ...at(7_000_000), status: "sent" });

  for (const [index, name] of ["Sofía Aravena", "Ignacio Rojas", "Valentina Núñez", "Diego Paredes", "Marcela Tapia"].entries()) {
    const queueId = index === 0 ? "ventas" : "soporte";
    const waiting = addChat(name, { queueId, status: "queued", queuedAt: before(100_000 + index * 60_000), waitingSince: before(100_000 + index * 60_000), sla: due(200_000 - index * 60_000) });
    say(waiting, "client", ["El refrigerador no enfría", "Quiero una cotización", "¿Siguen ahí?", "Necesito una factura", "Buenas tardes"][index] ?? "", at(100_000 + index * 60_000));
  }
  for (let index = 0; index < 40; index += 1) {
    const bot = index % 3 === 0;
    const chat = addChat(`Cliente ${index + 1}`, {
      agentId: bot ? null : ["Mateo", "Camila"][index % 2] ?? null, queueId: bot ? null : "ventas", status: bot ? "bot" : "active",
      queuedAt: bot ? null : before(1_000_000), firstReplyAt: bot ? null : before(950_000), sla: bot ? { firstReplyDueAt: null, breachedAt: null } : due(-700_000),
    });
    say(chat, "client", "Hola", at(index * 30_000));
  }
  for (const one of people) one.load = { Ana: 4, Mateo: 5, Camila: 4 }[one.id] ?? 0;
}
