// What people do to chats. Each request has a key, so that one that is repeated is done once.

import { useMutation, useQueryClient } from "@tanstack/react-query";

import { useLanguage } from "../i18n/language";
import { putChat } from "../live/absorb";
import { toast } from "../ui/toast";
import { answered, api } from "./client";
import { newKey } from "./key";
import { useMe } from "./me";
import { wordsOf } from "./problem";
import { keys } from "./queries";
import type { AgentState, Chat, Note, Priority } from "./types";

export type Command =
  | { verb: "take" }
  | { verb: "reopen" }
  | { verb: "returnToBot" }
  | { verb: "hold" }
  | { verb: "resume" }
  | { verb: "assign"; agentId: string; force?: boolean }
  | { verb: "transfer"; queueId?: string; agentId?: string; note?: string }
  | { verb: "close"; reason: string; note?: string }
  | { verb: "snooze"; until: string }
  | { verb: "priority"; priority: Priority };

/** The chat as it is now; undefined when no worker has answered yet, and an event will tell. */
export async function command(id: string, asked: Command, key = newKey()): Promise<Chat | undefined> {
  const params = { path: { id }, header: { "idempotency-key": key } };
  const answer = await answered(ask());
  return "commandId" in answer ? undefined : answer;

  // Each in its own words: the document knows what each path takes.
  function ask() {
    switch (asked.verb) {
      case "take": return api.POST("/api/v1/chats/{id}/take", { params, body: {} });
      case "reopen": return api.POST("/api/v1/chats/{id}/reopen", { params, body: {} });
      case "returnToBot": return api.POST("/api/v1/chats/{id}/return-to-bot", { params, body: {} });
      case "hold": return api.POST("/api/v1/chats/{id}/hold", { params, body: {} });
      case "resume": return api.POST("/api/v1/chats/{id}/resume", { params, body: {} });
      case "assign": {
        const { agentId, force } = asked;
        return api.POST("/api/v1/chats/{id}/assign", { params, body: { agentId, ...(force ? { force } : {}) } });
      }
      case "transfer": {
        const { queueId, agentId, note } = asked;
        return api.POST("/api/v1/chats/{id}/transfer", { params, body: given({ queueId, agentId, note }) });
      }
      case "close": return api.POST("/api/v1/chats/{id}/close", { params, body: { reason: asked.reason, ...given({ note: asked.note }) } });
      case "snooze": return api.POST("/api/v1/chats/{id}/snooze", { params, body: { until: asked.until } });
      case "priority": return api.POST("/api/v1/chats/{id}/priority", { params, body: { priority: asked.priority } });
    }
  }
}

/** Only what was said: the server takes an empty field for a mistake. */
function given(fields: Record<string, string | undefined>): Record<string, string> {
  return Object.fromEntries(Object.entries(fields).filter((field): field is [string, string] => Boolean(field[1])));
}

/** A way to do something to a chat; what is refused is said in a toast, unless the asker says it. */
export function useCommand(quiet = false) {
  const client = useQueryClient();
  const me = useMe();
  const { say } = useLanguage();
  return useMutation({
    mutationFn: ({ chatId, asked }: { chatId: string; asked: Command }) => command(chatId, asked),
    onSuccess: (chat, { chatId }) => {
      if (chat) putChat(client, chat, me.id);
      else void client.invalidateQueries({ queryKey: keys.chat(chatId) });
      for (const queryKey of [keys.workflow(chatId), keys.ledger(chatId), keys.notes(chatId)]) {
        void client.invalidateQueries({ queryKey });
      }
    },
    onError: (error, { chatId }) => {
      if (!quiet) toast({ icon: "err", words: wordsOf(error, say) });
      void client.invalidateQueries({ queryKey: keys.chat(chatId) });
    },
  });
}

export function useSetState() {
  const client = useQueryClient();
  const me = useMe();
  const { say } = useLanguage();
  return useMutation({
    mutationFn: ({ state, reasonId }: { state: AgentState; reasonId?: string }) => answered(api.PUT("/api/v1/users/{id}/state", {
      params: { path: { id: me.id } }, body: { state, ...(reasonId === undefined ? {} : { reasonId }) },
    })),
    onSuccess: (state) => {
      client.setQueryData(keys.me, { ...me, state });
      void client.invalidateQueries({ queryKey: ["chats"] });
    },
    onError: (error) => { toast({ icon: "err", words: wordsOf(error, say) }); },
  });
}

export function useAddNote(chatId: string) {
  const client = useQueryClient();
  const { say } = useLanguage();
  return useMutation({
    mutationFn: ({ text, key }: { text: string; key: string }): Promise<Note> => answered(api.POST("/api/v1/chats/{id}/notes", {
      params: { path: { id: chatId }, header: { "idempotency-key": key } }, body: { text },
    })),
    onSuccess: () => client.invalidateQueries({ queryKey: keys.notes(chatId) }),
    onError: (error) => { toast({ icon: "err", words: wordsOf(error, say) }); },
  });
}
