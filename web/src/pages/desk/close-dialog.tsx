// Ends a chat, with the reason why; and goes on to the next one, if that is wanted.

import { useQuery } from "@tanstack/react-query";
import { type SyntheticEvent, useState } from "react";

import { useCommand } from "../../api/commands";
import { wordsOf } from "../../api/problem";
import { closeReasonsQuery } from "../../api/queries";
import type { Chat } from "../../api/types";
import { useLanguage } from "../../i18n/language";
import type { Scope } from "../../live/place";
import { Dialog } from "../../ui/dialog";
import { Icon } from "../../ui/icon";
import { toast } from "../../ui/toast";
import { nameOf } from "./client";
import { useNeighbour } from "./list";

export function CloseDialog({ chat, scope, done }: { chat: Chat; scope: Scope; done: () => void }) {
  const { say } = useLanguage();
  const { data } = useQuery(closeReasonsQuery());
  const [reason, setReason] = useState<string>();
  const [note, setNote] = useState("");
  const { mutate, error, isPending } = useCommand(true);
  const neighbour = useNeighbour(scope, chat.id);
  const name = nameOf(chat.client);

  const close = (goOn: boolean) => {
    if (reason === undefined || isPending) return;
    mutate({ chatId: chat.id, asked: { verb: "close", reason, note: note.trim() } }, {
      onSuccess: () => {
        toast({ icon: "closed", words: say("close.done", { name }) });
        if (goOn) neighbour(1);
        done();
      },
    });
  };
  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    close(false);
  };
  return (
    <Dialog title={say("close.title", { name })} description={say("close.meaning")} close={done} ready={data !== undefined}>
      <form onSubmit={submit}>
        <fieldset className="reasons">
          <legend>{say("close.reason")}</legend>
          {data?.items.map(({ key, name: words }) => (
            <label key={key} className="choice">
              <input type="radio" name="reason" value={key} checked={reason === key} onChange={() => { setReason(key); }} />
              <span>{words}</span>
            </label>
          ))}
        </fieldset>
        <label className="field">
          <span>{say("close.note")}</span>
          <textarea className="input" rows={2} maxLength={2000} value={note} onChange={(event) => { setNote(event.target.value); }} />
        </label>
        {error && <p className="callout bad" role="alert"><Icon name="err" /><span>{wordsOf(error, say)}</span></p>}
        <footer>
          <button type="button" className="button plain" onClick={done}>{say("cancel")}</button>
          <button type="button" className="button" aria-disabled={reason === undefined || isPending} onClick={() => { close(true); }}>{say("close.next")}</button>
          <button type="submit" className="button primary" aria-disabled={reason === undefined || isPending}>{say("close.do")}</button>
        </footer>
      </form>
    </Dialog>
  );
}
