import { describe, expect, it } from "vitest";

import type { Message } from "../api/types";
import { sampleMessage } from "../test/samples";
import { lastSeq, type Log, merge } from "./log";

const said = (id: string, seq: number | null, more: Partial<Message> = {}) =>
  sampleMessage(id, { seq, at: `2026-11-24T12:00:0${seq ?? 9}Z`, ...more });
const empty: Log = { messages: [], older: null };
const ids = (log: Log) => log.messages.map(({ id }) => id);

describe("a chat's log", () => {
  it("is in the order of its numbers, whatever the order of arrival", () => {
    expect(ids(merge(merge(empty, [said("c", 3)]), [said("a", 1), said("b", 2)]))).toEqual(["a", "b", "c"]);
  });

  it("has each message once, and is the same log when nothing is new", () => {
    const log = merge(empty, [said("a", 1), said("a", 1)]);
    expect(ids(log)).toEqual(["a"]);
    expect(merge(log, [said("a", 1)])).toBe(log);
  });

  it("keeps what is under way behind everything else, until it has its number", () => {
    const log = merge(empty, [said("mine", null), said("theirs", 5)]);
    expect(ids(log)).toEqual(["theirs", "mine"]);
    expect(ids(merge(log, [said("mine", 4)]))).toEqual(["mine", "theirs"]);
  });

  it("never takes a tick back", () => {
    const read = merge(empty, [said("a", 1, { status: "read" })]);
    expect(merge(read, [said("a", 1, { status: "delivered" })]).messages[0]?.status).toBe("read");
    expect(merge(read, [said("a", 1, { status: "pending" })])).toBe(read);
  });

  it("clears up an uncertain send by its receipt", () => {
    const uncertain = merge(empty, [said("a", 1, { status: "uncertain" })]);
    expect(merge(uncertain, [said("a", 1, { status: "sent" })]).messages[0]?.status).toBe("sent");
  });

  it("knows from where to catch up", () => {
    expect(lastSeq(empty)).toBeUndefined();
    expect(lastSeq(merge(empty, [said("a", 7), said("b", null)]))).toBe(7);
  });
});
