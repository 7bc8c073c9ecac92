// Hands a chat over: to a queue, or to somebody. Whoever is full or away is shown as such before one chooses.

import { useQuery } from "@tanstack/react-query";
import { type SyntheticEvent, useState } from "react";

import { type Command, useCommand } from "../../api/commands";
import { wordsOf } from "../../api/problem";
import { targetsQuery } from "../../api/queries";
import type { Chat } from "../../api/types";
import { useLanguage } from "../../i18n/language";
import { Avatar } from "../../ui/avatar";
import { Dialog } from "../../ui/dialog";
import { Icon } from "../../ui/icon";
import { Pips } from "../../ui/pips";
import { toast } from "../../ui/toast";
import { nameOf } from "./client";
import { stateNames } from "./state-switch";

type Target = { kind: "queue" | "agent"; id: string; name: string };

export function TransferDialog({ chat, assign, done }: { chat: Chat; assign: boolean; done: () => void }) {
  const { say } = useLanguage();
  const { data } = useQuery({ ...targetsQuery(chat.id), staleTime: 0 });
  const [target, setTarget] = useState<Target>();
  const [note, setNote] = useState("");
  const { mutate, error, isPending } = useCommand(true);
  const name = nameOf(chat.client);

  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    if (!target || isPending) return;
    mutate({ chatId: chat.id, asked: commandFor(target, assign, note.trim()) }, {
      onSuccess: () => {
        toast({ icon: "swap", words: say("transfer.done", { name, to: target.name }) });
        done();
      },
    });
  };
  const pick = (one: Target) => ({
    checked: target?.kind === one.kind && target.id === one.id, onChange: () => { setTarget(one); },
  });
  return (
    <Dialog title={say(assign ? "assign.title" : "transfer.title", { name })} description={say("transfer.meaning")} close={done} ready={data !== undefined}>
      <form onSubmit={submit}>
        <fieldset className="reasons">
          <legend>{say(assign ? "assign.to" : "transfer.to")}</legend>
          {!assign && data?.queues.map((queue) => (
            <label key={queue.id} className="choice">
              <input type="radio" name="target" {...pick({ kind: "queue", id: queue.id, name: queue.name })} />
              <span><Icon name="queue" />{queue.name}</span>
            </label>
          ))}
          {data?.agents.map((agent) => agent.id !== chat.agentId && (
            <label key={agent.id} className="choice">
              <input type="radio" name="target" {...pick({ kind: "agent", id: agent.id, name: agent.name })} />
              <span>
                <Avatar name={agent.name} size="small" presence={agent.state} />{agent.name}
                <span className="muted">{say(stateNames[agent.state])}</span>
                <Pips load={agent.load} capacity={agent.capacity} label={say("agent.load", { load: agent.load, capacity: agent.capacity })} />
              </span>
            </label>
          ))}
        </fieldset>
        {!assign && (
          <label className="field">
            <span>{say("transfer.note")}</span>
            <textarea className="input" rows={2} maxLength={2000} value={note} onChange={(event) => { setNote(event.target.value); }} />
          </label>
        )}
        {error && <p className="callout bad" role="alert"><Icon name="err" /><span>{wordsOf(error, say)}</span></p>}
        <footer>
          <button type="button" className="button plain" onClick={done}>{say("cancel")}</button>
          <button type="submit" className="button primary" aria-disabled={!target || isPending}>{say(assign ? "action.assign" : "action.transfer")}</button>
        </footer>
      </form>
    </Dialog>
  );
}

function commandFor(target: Target, assign: boolean, note: string): Command {
  if (assign) return { verb: "assign", agentId: target.id };
  return target.kind === "queue" ? { verb: "transfer", queueId: target.id, note } : { verb: "transfer", agentId: target.id, note };
}
