// One message as it looks on the customer's phone.

import { el, icon, language, marked, say } from "./dom.js";

export const timeOf = (item) => new Date(item.acceptedAt ?? item.at);

const clock = (date) => new Intl.DateTimeFormat(language(), { hour: "2-digit", minute: "2-digit", hour12: false }).format(date);

/** `acts`: press(choice), openList(item), react(item, button), ask(kind), textOf(id). */
export function bubble(item, reactions, acts) {
  const mine = item.direction === "inbound";
  const failed = item.status === "failed";
  const body = el("div", { class: "bubble" }, quote(item, acts), content(item), meta(item, mine));
  const node = el("li", { class: `m ${mine ? "mine" : "theirs"}${failed ? " failed" : ""}`, "data-id": item.id, "data-type": item.type }, body);
  if (failed) body.append(failure(item));
  const buttons = mine || failed ? [] : pressable(item, acts);
  if (buttons.length) body.append(el("div", { class: "choices" }, buttons));
  if (reactions?.size) node.append(el("span", { class: "reactions", text: [...reactions.values()].join(" ") }));
  if (!mine && !failed) {
    node.append(el("button", { type: "button", class: "react", title: say("react"), "aria-label": say("react"), onclick: (event) => acts.react(item, event.currentTarget) }, icon("smile")));
  }
  return node;
}

/** One line for the list of customers. */
export function summary(item) {
  if (!item) return "";
  if (item.type === "text" || item.type === "button") return item.text ?? "";
  if (item.type === "interactive" || item.type === "template") return item.text ?? say(item.type);
  const known = ["image", "video", "audio", "document", "sticker", "location", "contacts", "reaction"];
  const kind = say(known.includes(item.type) ? item.type : "unsupported");
  return item.text ? `${kind} · ${item.text}` : kind;
}

function meta(item, mine) {
  const read = item.readByBusiness;
  const tick = mine ? el("span", { class: read ? "tick read" : "tick", title: say(read ? "read" : "unread") }, icon(read ? "checks" : "check"), el("span", { class: "unseen", text: say(read ? "read" : "unread") })) : null;
  return el("span", { class: "meta" }, el("time", { datetime: timeOf(item).toISOString(), text: clock(timeOf(item)) }), tick);
}

function failure(item) {
  const error = item.errors?.[0];
  const why = error ? `${error.code} · ${error.error_data?.details ?? error.title}` : "";
  return el("p", { class: "failure" }, icon("err"), el("span", {}, el("b", { text: say("failed") }), why ? ` · ${why}` : ""));
}

function quote(item, acts) {
  const id = item.request?.context?.message_id ?? (item.type === "text" ? item.message?.context?.id : undefined);
  const text = id && acts.textOf(id);
  return text ? el("blockquote", { "aria-label": say("replyTo") }, text) : null;
}

function content(item) {
  const words = item.text ? el("p", { class: "words" }, marked(item.text)) : null;
  switch (item.type) {
    case "text":
    case "button":
      return words;
    case "interactive":
      return item.direction === "inbound" ? words : interactive(item, words);
    case "template":
      return [heading(item.template?.header, item), words, foot(item.template?.footer)];
    case "image":
    case "video":
    case "audio":
    case "document":
    case "sticker":
      return [media(item.media), words];
    case "location":
      return place(item.request?.location ?? item.message?.location ?? {});
    case "contacts":
      return (item.request?.contacts ?? item.message?.contacts ?? []).map(person);
    default:
      return el("p", { class: "words quiet", text: `${say("unsupported")} (${item.type})` });
  }
}

function interactive(item, words) {
  const asked = item.interactive;
  const products = asked.type === "product" || asked.type === "product_list" ? el("p", { class: "words quiet", text: say("products") }) : null;
  return [heading(asked.header, item), words, products, foot(asked.footer?.text)];
}

function heading(header, item) {
  if (!header) return null;
  return header.type === "text" ? el("p", { class: "heading", text: header.text ?? "" }) : media(item.media);
}

const foot = (text) => (text ? el("p", { class: "foot", text }) : null);

// Pictures and sounds of this machine are shown; those of other hosts are only linked, the page uses no other network.
const near = (url) => url.startsWith("/") || /^http:\/\/(127\.0\.0\.1|localhost)(:\d+)?\//.test(url);

function media(media) {
  if (!media) return null;
  const { kind, url } = media;
  const label = media.filename ?? say(kind);
  if (!url) return el("p", { class: "attached" }, icon(kind === "image" ? "img" : "file"), el("span", { text: label }));
  if (near(url)) {
    if (kind === "image" || kind === "sticker") return el("a", { class: `picture ${kind}`, href: url, target: "_blank", rel: "noopener noreferrer" }, el("img", { src: url, alt: label }));
    if (kind === "video") return el("video", { src: url, controls: true, preload: "metadata", "aria-label": label });
    if (kind === "audio") return el("audio", { src: url, controls: true, preload: "metadata", "aria-label": label });
  }
  if (!url.startsWith("/") && !/^https?:\/\//.test(url)) return null;
  const host = url.startsWith("/") ? size(media.size) : new URL(url).host;
  return el("a", { class: "attached", href: url, target: "_blank", rel: "noopener noreferrer" }, icon(kind === "image" ? "img" : "file"), el("span", {}, el("b", { text: label }), el("small", { text: host ?? "" })));
}

const size = (bytes) => (bytes === undefined || bytes === null ? "" : bytes < 1024 ? `${bytes} B` : bytes < 1048576 ? `${Math.round(bytes / 1024)} kB` : `${(bytes / 1048576).toFixed(1)} MB`);

function place(location) {
  const where = `${location.latitude}, ${location.longitude}`;
  return el("p", { class: "attached place" }, icon("pin"), el("span", {}, el("b", { text: location.name ?? say("location") }), el("small", { text: location.address ?? where })));
}

function person(contact) {
  const phones = (contact.phones ?? []).map((phone) => phone.phone).join(", ");
  return el("p", { class: "attached" }, icon("user"), el("span", {}, el("b", { text: contact.name?.formatted_name ?? say("contacts") }), el("small", { text: phones })));
}

function pressable(item, acts) {
  const choices = item.choices ?? [];
  const press = (choice, symbol) => button(choice.title, symbol, () => acts.press(choice));
  if (item.type === "template") {
    return (item.template?.buttons ?? []).map((given) => {
      if (given.type === "QUICK_REPLY") return press({ kind: "quickReply", id: given.payload, title: given.text }, "reply");
      if (given.type === "PHONE_NUMBER") return link(`tel:${given.phone_number}`, given.text, "call");
      return given.url ? link(given.url, given.text, "link") : button(given.text, "copy", () => {});
    });
  }
  const asked = item.interactive;
  switch (asked?.type) {
    case "button":
      return choices.map((choice) => press(choice, "reply"));
    case "list":
      return [button(asked.action.button, "list", () => acts.openList(item), { "aria-haspopup": "dialog" })];
    case "cta_url":
      return [link(asked.action.parameters?.url, asked.action.parameters?.display_text, "link")];
    case "location_request_message":
      return [button(say("sendPlace"), "pin", () => acts.ask("place"))];
    case "request_contact_info":
      return [button(say("sendContact"), "user", () => acts.ask("contact"))];
    default:
      return [];
  }
}

const button = (text, symbol, onclick, more = {}) => el("button", { type: "button", class: "choice", onclick, ...more }, icon(symbol), el("span", { text }));

function link(url, text, symbol) {
  const safe = /^(https?:\/\/|tel:)/.test(url ?? "") ? url : undefined;
  return el("a", { class: "choice", href: safe, target: "_blank", rel: "noopener noreferrer" }, icon(symbol), el("span", { text: text ?? say("open") }));
}
