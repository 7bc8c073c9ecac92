// Building the page: elements whose text is only ever text, icons, and the words of the chosen language.

const SVG = "http://www.w3.org/2000/svg";

const PATHS = {
  plus: "M12 5.5v13M5.5 12h13",
  x: "m6.5 6.5 11 11M17.500 6.500l-11 11",
  back: "M14.500 6 8.500 12l6 6",
  clip: "m19 11.500-7.300 7.300a4.400 4.400 0 0 1-6.200-6.200l7.700-7.700a2.900 2.900 0 0 1 4.100 4.100l-7.600 7.600a1.400 1.400 0 0 1-2-2l6.700-6.700",
  send: "M5 12 4.500 5.500 20 12 4.500 18.500 5 12zm0 0h7",
  list: "M9 7h10M9 12h10M9 17h10M5 7h.01M5 12h.01M5 17h.01",
  reply: "M10 7 5 12l5 5M5 12h9a5 5 0 0 1 5 5v1",
  pin: "M12 20s6-5.600 6-10a6 6 0 1 0-12 0c0 4.400 6 10 6 10zM12 12.200a2.200 2.200 0 1 0 0-4.400 2.200 2.200 0 0 0 0 4.400z",
  file: "M7 4h7l4 4v12H7zM14 4v4h4",
  img: "M4.500 5.500h15v13h-15zM4.500 16l4.500-4.500 4 4 2.500-2.500 4 4M15 9.500h.01",
  user: "M12 11.500a3.500 3.500 0 1 0 0-7 3.500 3.500 0 0 0 0 7zM5 20c.5-3.800 3-5.700 7-5.700s6.500 1.900 7 5.700",
  link: "M10 14a3.500 3.500 0 0 0 5 0l3-3a3.500 3.500 0 0 0-5-5l-1 1M14 10a3.500 3.500 0 0 0-5 0l-3 3a3.500 3.500 0 0 0 5 5l1-1",
  call: "M6 4.500h3l1.500 4-2 1.500a10 10 0 0 0 5.500 5.500l1.500-2 4 1.500v3a1.500 1.500 0 0 1-1.600 1.500C10.500 19 5 13.500 4.500 6.100A1.500 1.500 0 0 1 6 4.500z",
  copy: "M8.500 8.500h10v10h-10zM5.500 15.500v-10h10",
  smile: "M12 20a8 8 0 1 0 0-16 8 8 0 0 0 0 16zM9 10h.01M15 10h.01M8.500 14c1.800 2.300 5.200 2.300 7 0",
  check: "m5.500 12.500 4 4L18.500 8",
  checks: "m3 12.500 4 4L15.500 8M11.500 15.500l1 1L21 8",
  err: "M12 7.500v5M12 16h.01M12 20a8 8 0 1 0 0-16 8 8 0 0 0 0 16z",
  auto: "M12 19.500v-15a7.500 7.500 0 0 1 0 15zM12 19.500a7.500 7.500 0 0 1 0-15",
  light: "M12 15.500a3.500 3.500 0 1 0 0-7 3.500 3.500 0 0 0 0 7zM12 3.500v2M12 18.500v2M3.500 12h2M18.500 12h2M6 6l1.400 1.400M16.600 16.600 18 18M6 18l1.400-1.400M16.600 7.400 18 6",
  dark: "M19.500 14.500A8 8 0 0 1 9.500 4.500a8 8 0 1 0 10 10z",
};

/** An element. `props` are attributes, except `class`, `text` and listeners as `onclick`. Children may be null. */
export function el(tag, props = {}, ...children) {
  const node = document.createElement(tag);
  for (const [key, value] of Object.entries(props)) {
    if (value === undefined || value === null || value === false) continue;
    if (key === "text") node.textContent = value;
    else if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else node.setAttribute(key, value === true ? "" : value);
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== ""));
  return node;
}

export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("class", "i");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", PATHS[name]);
  svg.append(path);
  return svg;
}

export const initials = (name) => name.split(/\s+/).filter(Boolean).slice(0, 2).map((part) => [...part][0]).join("").toUpperCase();

/** WhatsApp's own marks: *bold*, _italic_, ~struck~, `code`. */
export function marked(text) {
  const marks = { "*": "b", _: "i", "~": "s", "`": "code" };
  const out = [];
  let rest = text;
  const mark = /(^|[\s(¡¿"«])([*_~`])(\S(?:[^\n]*?\S)?)\2(?=$|[\s.,;:!?)"»])/u;
  for (let found = mark.exec(rest); found; found = mark.exec(rest)) {
    out.push(rest.slice(0, found.index) + found[1], el(marks[found[2]], { text: found[3] }));
    rest = rest.slice(found.index + found[0].length);
  }
  return [...out, rest];
}

let words = {};
let chosen = "es";

export const language = () => chosen;
export const say = (key, values = {}) => Object.entries(values).reduce((text, [name, value]) => text.replace(`{${name}}`, value), words[chosen]?.[key] ?? key);

export async function loadWords() {
  words = await (await fetch("/page/messages.json")).json();
}

/** Chooses a language and puts its words wherever the page asks for them. */
export function speak(wanted) {
  chosen = words[wanted] ? wanted : "es";
  document.documentElement.lang = chosen;
  for (const node of document.querySelectorAll("[data-say]")) node.textContent = say(node.dataset.say);
  for (const node of document.querySelectorAll("[data-hint]")) node.placeholder = say(node.dataset.hint);
  for (const node of document.querySelectorAll("[data-label]")) {
    node.setAttribute("aria-label", say(node.dataset.label));
    if (node.matches("button")) node.title = say(node.dataset.label);
  }
  document.title = `Hilo · ${say("title")}`;
}
