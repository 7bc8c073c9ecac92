import { expect, it } from "vitest";

import { sampleChat } from "../test/samples";
import { hear } from "./cursor";
import { belongs, type Page, place, sorted } from "./place";

const chat = sampleChat;
const pages = (...lists: string[][]): Page[] =>
  lists.map((list) => ({ items: list.map((id) => chat(id)), nextCursor: null }));
const ids = (list: readonly Page[]) => list.map(({ items }) => items.map(({ id }) => id));

it("puts a chat that came on top, once", () => {
  const once = place(pages(["a"], ["b"]), chat("c"), true);
  expect(ids(once)).toEqual([["c", "a"], ["b"]]);
  expect(ids(place(once, chat("c"), true))).toEqual([["c", "a"], ["b"]]);
});

it("takes out what left, and changes what stays where it is", () => {
  expect(ids(place(pages(["a"], ["b"]), chat("b"), false))).toEqual([["a"], []]);
  const changed = place(pages(["a", "b"]), chat("b", { unread: 3 }), true);
  expect(changed[0]?.items[1]?.unread).toBe(3);
});

it("leaves a list alone that a chat has nothing to do with", () => {
  const list = pages(["a"]);
  expect(place(list, chat("z"), false)).toBe(list);
});

it("knows whose a chat is", () => {
  expect(belongs("mine", chat("a"), "ana")).toBe(true);
  expect(belongs("mine", chat("a", { status: "closed" }), "ana")).toBe(false);
  expect(belongs("unassigned", chat("a", { status: "queued", agentId: null }), "ana")).toBe(true);
  expect(belongs("unassigned", chat("a", { status: "bot", agentId: null }), "ana")).toBe(false);
});

it("puts first what is due first, and what is not due last", () => {
  const due = (id: string, at: string) => chat(id, { status: "assigned", sla: { firstReplyDueAt: at, breachedAt: null } });
  const list = [chat("later"), due("b", "2026-11-24T12:09:00Z"), due("a", "2026-11-24T12:05:00Z")];
  expect(sorted(list, "due").map(({ id }) => id)).toEqual(["a", "b", "later"]);
});

it("hears in order, ignores what it heard, and notices what it missed", () => {
  expect(hear(4, 5)).toEqual({ upTo: 5, missed: false });
  expect(hear(5, 5)).toEqual({ upTo: 5, missed: false });
  expect(hear(5, 7)).toEqual({ upTo: 5, missed: true });
});
