import { expect, it } from "vitest";

import type { Me } from "../../api/types";
import { sampleChat } from "../../test/samples";
import { actionsFor } from "./actions";

const person = (id: string, ...permissions: string[]): Me => ({
  id, email: `${id}@demo`, name: id, role: "AGENTE", locale: "es", state: null, load: 0, campaignIds: [], sessionId: "s",
  permissions: permissions.map((permission) => ({ permission, scope: "own" })),
});
const agent = ["chats.read", "chats.update", "chats.close", "chats.transfer", "whatsapp.send.message"];
const ana = person("ana", ...agent);
const rosario = person("rosario", ...agent, "chats.assign");

it("lets whoever has a chat work on it", () => {
  const allowed = actionsFor(sampleChat("c"), ana);
  expect([...allowed]).toEqual(["reply", "note", "transfer", "snooze", "returnToBot", "priority", "close"]);
});

it("lets anybody take what waits, and nothing else of it", () => {
  const waiting = sampleChat("c", { status: "queued", agentId: null });
  expect([...actionsFor(waiting, ana)]).toEqual(["take", "note"]);
});

it("lets only whoever assigns take a chat from somebody", () => {
  const theirs = sampleChat("c", { agentId: "luis" });
  expect(actionsFor(theirs, ana).has("take")).toBe(false);
  expect(actionsFor(theirs, rosario).has("take")).toBe(true);
  expect(actionsFor(theirs, rosario).has("reply")).toBe(false);
});

it("leaves nothing but reopening of a chat that is closed", () => {
  expect([...actionsFor(sampleChat("c", { status: "closed" }), ana)]).toEqual(["note", "reopen"]);
});
