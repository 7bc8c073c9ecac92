// The phones: who has one, which is open, and what happens on it, live.

import { api, listen } from "./api.js";
import { bubble, summary, timeOf } from "./bubble.js";
import { el, icon, initials, language, loadWords, say, speak } from "./dom.js";

const $ = (id) => document.getElementById(id);
const asked = new URLSearchParams(location.search);
const remembered = { get: (key) => { try { return localStorage.getItem(`hilo.phone.${key}`); } catch { return null; } }, set: (key, value) => { try { localStorage.setItem(`hilo.phone.${key}`, value); } catch { /* private window */ } } };

const SHOWN = 400;
const TYPING = 25_000;
const EMOJI = ["👍", "❤️", "😂", "😮", "😢", "🙏"];
const PLACE = { latitude: 19.4363, longitude: -99.1547, name: "Monumento a la Revolución", address: "Plaza de la República, Ciudad de México" };

const customers = new Map();
let numbers = [];
let open = null;
let number = null;
let typing = null;

// ---- the list of people

function showCustomers() {
  const focused = document.activeElement?.dataset?.waId;
  const latest = (one) => (one.lastMessage ? timeOf(one.lastMessage).getTime() : 0);
  const sorted = [...customers.values()].sort((a, b) => latest(b) - latest(a) || a.name.localeCompare(b.name));
  $("customers").replaceChildren(...sorted.map(customerRow));
  if (focused) document.querySelector(`[data-wa-id="${CSS.escape(focused)}"]`)?.focus();
}

function customerRow(one) {
  const unread = one.waId !== open && one.unread > 0;
  const name = one.name || one.waId;
  const last = one.lastMessage;
  const text = last ? `${last.direction === "inbound" ? `${say("you")}: ` : ""}${summary(last)}` : `+${one.waId}`;
  const badge = unread ? el("span", { class: "badge", title: say("unreadCount", { n: one.unread }) }, String(one.unread), el("span", { class: "unseen", text: ` ${say("unreadCount", { n: one.unread })}` })) : null;
  const time = last ? el("time", { text: new Intl.DateTimeFormat(language(), { hour: "2-digit", minute: "2-digit", hour12: false }).format(timeOf(last)) }) : null;
  return el("li", {}, el("button", { type: "button", class: unread ? "person new" : "person", "data-wa-id": one.waId, "aria-current": one.waId === open ? "true" : null, onclick: () => choose(one.waId) },
    el("span", { class: "face", "aria-hidden": "true", text: initials(name) }),
    el("span", { class: "line" }, el("b", { text: name }), time),
    el("span", { class: "line" }, el("span", { class: "last", text }), badge)));
}

// ---- the open phone

async function choose(waId) {
  open = waId;
  typing = null;
  history.replaceState(null, "", `${location.search}#${waId}`);
  document.body.classList.add("chosen");
  await reload(waId);
  showCustomers();
  $("draft").focus({ preventScroll: true });
}

async function reload(waId) {
  const whole = await api.customer(waId);
  if (whole.waId !== open) return;
  customers.set(waId, whole);
  showThread();
  showHead();
  look();
}

function showHead() {
  const business = numbers.find((one) => one.phoneNumberId === number);
  $("business").textContent = business?.name ?? "";
  $("business-face").textContent = initials(business?.name ?? "");
  const isTyping = typing?.waId === open;
  $("presence").textContent = isTyping ? say("typing") : business?.displayPhoneNumber ?? "";
  $("presence").classList.toggle("typing", isTyping);
  $("compose").inert = !open;
}

const items = () => (customers.get(open)?.items ?? []).filter((item) => item.phoneNumberId === number);

/** Reactions by the message they are on: message id → side → emoji. */
function reactionsOf(all) {
  const found = new Map();
  for (const item of all.filter((one) => one.type === "reaction" && one.status !== "failed")) {
    const { message_id: id, emoji } = item.request?.reaction ?? item.message.reaction;
    const sides = found.get(id) ?? new Map();
    if (emoji) sides.set(item.direction, emoji);
    else sides.delete(item.direction);
    found.set(id, sides);
  }
  return found;
}

function showThread() {
  const thread = $("thread");
  if (!open) return thread.replaceChildren(el("li", { class: "empty", text: say("nobody") }));
  const all = items();
  const reactions = reactionsOf(all);
  const shown = all.filter((item) => item.type !== "reaction").slice(-SHOWN);
  const rows = [];
  let day = "";
  for (const item of shown) {
    const date = dayOf(timeOf(item));
    if (date !== day) rows.push(el("li", { class: "day" }, el("span", { text: date })));
    day = date;
    rows.push(bubble(item, reactions.get(item.id), acts));
  }
  if (!rows.length) rows.push(el("li", { class: "empty", text: say("nothing") }));
  if (typing?.waId === open) rows.push(el("li", { class: "m theirs" }, el("div", { class: "bubble dots", role: "img", "aria-label": say("typing") }, el("i"), el("i"), el("i"))));
  keepingFocus(thread, () => thread.replaceChildren(...rows));
  toEnd();
}

const toEnd = () => { $("thread").scrollTop = $("thread").scrollHeight; };

/** Whoever was on a button of a message stays on it while messages come. */
function keepingFocus(thread, change) {
  const row = document.activeElement?.closest?.("[data-id]");
  const index = row ? [...row.querySelectorAll("button, a")].indexOf(document.activeElement) : -1;
  change();
  if (index >= 0) thread.querySelector(`[data-id="${CSS.escape(row.dataset.id)}"]`)?.querySelectorAll("button, a")[index]?.focus({ preventScroll: true });
}

function dayOf(date) {
  const midnight = (moment) => new Date(moment).setHours(0, 0, 0, 0);
  const days = Math.round((midnight(Date.now()) - midnight(date)) / 86_400_000);
  if (days === 0) return say("today");
  if (days === 1) return say("yesterday");
  return new Intl.DateTimeFormat(language(), { weekday: "long", day: "numeric", month: "long" }).format(date);
}

/** An open phone in sight reads what has been delivered. */
let looking = false;
async function look() {
  const one = customers.get(open);
  if (looking || !one || document.visibilityState !== "visible") return;
  if (!one.items?.some((item) => item.direction === "outbound" && item.status === "delivered")) return;
  looking = true;
  try {
    await api.read(open);
  } catch (error) {
    complain(error);
  } finally {
    looking = false;
  }
}

// ---- what the customer does

// One at a time: what is typed in a hurry arrives in the order in which it was typed.
let said = Promise.resolve();

function send(message) {
  const [to, from] = [open, number];
  said = said.then(() => api.say(to, from, message)).catch(complain);
  return said;
}

const raw = (message) => send({ type: "raw", message });
const sendPlace = () => raw({ type: "location", location: PLACE });

async function sendFile(file) {
  try {
    const stored = await api.upload(open, number, file);
    const family = file.type.split("/")[0];
    const kind = file.type === "image/webp" ? "sticker" : ["image", "video", "audio"].includes(family) ? family : "document";
    await raw({ type: kind, [kind]: kind === "document" ? { id: stored.id, filename: file.name } : { id: stored.id } });
  } catch (error) {
    complain(error);
  }
}

const acts = {
  press: (choice) => send({ type: choice.kind === "row" ? "list" : "button", id: choice.id }),
  openList,
  react: (item, anchor) => {
    const mine = reactionsOf(items()).get(item.id)?.get("inbound");
    const react = (emoji) => raw({ type: "reaction", reaction: emoji ? { message_id: item.id, emoji } : { message_id: item.id } });
    const choices = EMOJI.map((emoji) => ({ text: emoji, act: () => react(emoji) }));
    if (mine) choices.push({ text: "", icon: "x", label: say("unreact"), act: () => react("") });
    menu(anchor, choices, "emoji");
  },
  ask: (kind) => {
    if (kind === "place") return sendPlace();
    const one = customers.get(open);
    return raw({ type: "contacts", contacts: [{ name: { formatted_name: one.name, first_name: one.name }, phones: [{ phone: `+${open}`, wa_id: open, type: "CELL" }], origin: "contact_request" }] });
  },
  textOf: (id) => {
    const found = customers.get(open)?.items?.find((item) => item.id === id);
    return found ? summary(found) : "";
  },
};

function openList(item) {
  const action = item.interactive.action;
  $("sheet-title").textContent = action.button;
  const row = (one) => el("button", { type: "button", class: "row-choice", onclick: () => { $("sheet").close(); acts.press({ kind: "row", id: one.id }); } }, el("b", { text: one.title }), one.description ? el("small", { text: one.description }) : null);
  $("sheet-body").replaceChildren(...action.sections.map((section) => el("section", {}, section.title ? el("h3", { text: section.title }) : null, (section.rows ?? []).map(row))));
  const frame = $("phone").getBoundingClientRect();
  const rim = $("phone").clientLeft;
  Object.assign($("sheet").style, { left: `${frame.left + rim}px`, width: `${$("phone").clientWidth}px`, bottom: `${window.innerHeight - frame.bottom + rim}px` });
  $("sheet").showModal();
}

function menu(anchor, choices, kind = "") {
  document.querySelector(".menu")?.remove();
  let shown = true;
  // Taking it away makes it lose the focus, which takes it away.
  const drop = () => { if (shown) { shown = false; list.remove(); } };
  const close = () => { drop(); anchor.focus({ preventScroll: true }); };
  const list = el("div", { class: `menu ${kind}`, role: "menu" }, choices.map((one) => el("button", { type: "button", role: "menuitem", "aria-label": one.label, onclick: () => { close(); one.act(); } }, one.icon ? icon(one.icon) : null, one.text)));
  list.addEventListener("keydown", (event) => {
    const buttons = [...list.children];
    const at = buttons.indexOf(document.activeElement);
    if (event.key === "Escape") close();
    else if (["ArrowDown", "ArrowRight"].includes(event.key)) buttons[(at + 1) % buttons.length].focus();
    else if (["ArrowUp", "ArrowLeft"].includes(event.key)) buttons.at(at - 1).focus();
    else return;
    event.preventDefault();
  });
  list.addEventListener("focusout", (event) => { if (!list.contains(event.relatedTarget)) drop(); });
  $("phone").append(list);
  const phone = $("phone");
  const frame = phone.getBoundingClientRect();
  const at = anchor.getBoundingClientRect();
  const above = at.top - frame.top - list.offsetHeight - 16;
  list.style.left = `${Math.min(Math.max(at.left - frame.left, 10), phone.clientWidth - list.offsetWidth - 10)}px`;
  list.style.top = `${above > 64 ? above : at.bottom - frame.top}px`;
  list.firstElementChild.focus();
}

let toastTimer;
function complain(error) {
  $("toast").textContent = say("trouble", { why: error.message });
  $("toast").hidden = false;
  clearTimeout(toastTimer);
  toastTimer = setTimeout(() => { $("toast").hidden = true; }, 8_000);
}

// ---- what happens, live

const live = {
  ready: async () => {
    $("link-state").hidden = true;
    try {
      numbers = await api.numbers();
      number = numbers.some((one) => one.phoneNumberId === number) ? number : numbers[0]?.phoneNumberId;
      showNumbers();
      const known = await api.customers();
      const kept = new Map([...customers].map(([waId, one]) => [waId, one.items]));
      customers.clear();
      for (const one of known) customers.set(one.waId, { ...one, items: kept.get(one.waId) });
      const first = [...customers.values()].sort((a, b) => (b.lastMessage ? timeOf(b.lastMessage) : 0) - (a.lastMessage ? timeOf(a.lastMessage) : 0))[0];
      const wanted = [open, location.hash.slice(1), window.innerWidth >= 760 ? first?.waId : null].find((waId) => customers.has(waId));
      if (wanted) await choose(wanted);
      else { showHead(); showThread(); showCustomers(); }
    } catch (error) {
      complain(error);
    }
  },
  lost: () => {
    $("link-state").textContent = say("lost");
    $("link-state").hidden = false;
  },
  message: ({ waId, item }) => {
    const one = customers.get(waId) ?? { waId, name: waId, unread: 0 };
    customers.set(waId, one);
    one.lastMessage = item;
    if (item.direction === "outbound") {
      if (item.type !== "reaction") one.unread += 1;
      if (typing?.waId === waId) typing = null;
    }
    if (one.items && !one.items.some((known) => known.id === item.id && known.direction === item.direction)) one.items.push(item);
    if (waId === open) { showThread(); showHead(); }
    showCustomers();
  },
  status: async ({ waId, id, status, code }) => {
    const one = customers.get(waId);
    const item = one?.items?.find((known) => known.id === id);
    if (one && (status === "read" || (status === "failed" && item?.type !== "reaction"))) one.unread = Math.max(0, one.unread - 1);
    if (item) item.status = status;
    if (waId === open && status === "failed" && code) await reload(waId);
    else if (waId === open && status === "delivered") look();
    if (status === "read" || status === "failed") showCustomers();
  },
  customer: ({ waId, name }) => {
    customers.set(waId, { unread: 0, ...customers.get(waId), waId, name });
    showCustomers();
  },
  businessRead: ({ waId, id }) => {
    const all = customers.get(waId)?.items ?? [];
    const last = all.findIndex((item) => item.id === id);
    for (const item of all.slice(0, last + 1)) if (item.direction === "inbound" && item.phoneNumberId === all[last].phoneNumberId) item.readByBusiness = true;
    if (waId === open) showThread();
  },
  typing: ({ waId, phoneNumberId }) => {
    if (phoneNumberId !== number) return;
    const now = { waId };
    typing = now;
    const show = () => { if (waId === open) { showThread(); showHead(); } };
    show();
    setTimeout(() => { if (typing === now) { typing = null; show(); } }, TYPING);
  },
};

// ---- the frame

function showNumbers() {
  $("number").hidden = numbers.length < 2;
  $("number").replaceChildren(...numbers.map((one) => el("option", { value: one.phoneNumberId, selected: one.phoneNumberId === number, text: one.displayPhoneNumber })));
}

function showTheme(theme) {
  document.documentElement.dataset.theme = theme;
  $("theme").replaceChildren(icon(theme));
}

function chooseLanguage(wanted) {
  speak(wanted);
  $("language").value = language();
  $("add").replaceChildren(icon("plus"), say("add"));
  showCustomers();
  showHead();
  showThread();
}

function step(by) {
  const rows = [...document.querySelectorAll("[data-wa-id]")];
  const at = rows.findIndex((row) => row.dataset.waId === open);
  rows[(at + by + rows.length) % rows.length]?.click();
}

function wire() {
  for (const [id, name] of [["back", "back"], ["attach", "clip"], ["send", "send"], ["sheet-close", "x"]]) $(id).append(icon(name));
  $("compose").addEventListener("submit", (event) => {
    event.preventDefault();
    const text = $("draft").value.trim();
    if (!text || !open) return;
    $("draft").value = "";
    grow();
    send({ type: "text", text });
  });
  const grow = () => { $("draft").style.height = "auto"; $("draft").style.height = `${Math.min($("draft").scrollHeight, 120)}px`; };
  $("draft").addEventListener("input", grow);
  $("draft").addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) { event.preventDefault(); $("compose").requestSubmit(); }
  });
  $("attach").addEventListener("click", (event) => menu(event.currentTarget, [{ icon: "file", text: say("file"), act: () => $("file").click() }, { icon: "pin", text: say("place"), act: sendPlace }]));
  $("file").addEventListener("change", () => { const [file] = $("file").files; $("file").value = ""; if (file) sendFile(file); });
  $("back").addEventListener("click", () => { open = null; document.body.classList.remove("chosen"); history.replaceState(null, "", location.pathname + location.search); showCustomers(); showThread(); showHead(); });
  $("number").addEventListener("change", () => { number = $("number").value; showThread(); showHead(); });
  $("sheet-close").addEventListener("click", () => $("sheet").close());
  for (const dialog of document.querySelectorAll("dialog")) dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
  $("language").addEventListener("change", () => { remembered.set("language", $("language").value); chooseLanguage($("language").value); });
  $("theme").addEventListener("click", () => {
    const themes = ["auto", "light", "dark"];
    const next = themes[(themes.indexOf(document.documentElement.dataset.theme) + 1) % themes.length];
    remembered.set("theme", next);
    showTheme(next);
  });
  $("add").addEventListener("click", () => { $("newcomer-fault").hidden = true; $("newcomer-form").reset(); $("newcomer").showModal(); });
  $("newcomer-cancel").addEventListener("click", () => $("newcomer").close());
  $("newcomer-form").addEventListener("submit", async (event) => {
    event.preventDefault();
    const waId = $("newcomer-phone").value.replace(/\D/g, "");
    if (waId.length < 7 || waId.length > 15) {
      $("newcomer-fault").textContent = say("phoneWrong");
      $("newcomer-fault").hidden = false;
      return;
    }
    try {
      await api.name(waId, $("newcomer-name").value.trim() || `+${waId}`);
      $("newcomer").close();
      await choose(waId);
    } catch (error) {
      $("newcomer-fault").textContent = error.message;
      $("newcomer-fault").hidden = false;
    }
  });
  document.addEventListener("keydown", (event) => {
    if (event.altKey && event.key.toLowerCase() === "j") step(1);
    else if (event.altKey && event.key.toLowerCase() === "k") step(-1);
    else return;
    event.preventDefault();
  });
  // A picture that arrives late must not push the last message out of sight.
  $("thread").addEventListener("load", toEnd, true);
  document.addEventListener("visibilitychange", look);
}

await loadWords();
wire();
const themes = ["light", "dark", "auto"];
showTheme([asked.get("theme"), remembered.get("theme")].find((theme) => themes.includes(theme)) ?? "auto");
chooseLanguage(asked.get("lang") ?? remembered.get("language") ?? "es");
listen(live);
