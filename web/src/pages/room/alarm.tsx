// The newest broken promise that nobody has acknowledged: which chat, since when, and the way there.

import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "react-router";

import { answered, api } from "../../api/client";
import { chatQuery, keys, noticesQuery } from "../../api/queries";
import { useLanguage } from "../../i18n/language";
import { Ago } from "../../ui/ago";
import { Icon } from "../../ui/icon";
import { nameOf } from "../desk/client";

export function Alarm() {
  const { say } = useLanguage();
  const client = useQueryClient();
  const { data } = useQuery(noticesQuery());
  const unread = data?.items.filter(({ kind, readAt }) => readAt === null && kind.startsWith("sla.")) ?? [];
  const [newest] = unread;
  const { data: chat } = useQuery({ ...chatQuery(newest?.chatId ?? ""), enabled: typeof newest?.chatId === "string" });
  if (!newest) return null;
  const acknowledge = () => {
    void Promise.all(unread.map(({ id }) => answered(api.POST("/api/v1/notifications/{id}/read", { params: { path: { id } } }))))
      .catch(() => undefined)
      .finally(() => void client.invalidateQueries({ queryKey: keys.notices }));
  };
  return (
    <div className="alarm" role="alert">
      <Icon name="err" />
      <p>
        {chat && <b>{nameOf(chat.client)}: </b>}<b>{newest.text}</b> <span className="muted"><Ago at={Date.parse(newest.at)} /></span>
        {unread.length > 1 && <span className="muted"> · {say("alarm.more", { count: unread.length - 1 })}</span>}
      </p>
      {newest.chatId !== null && <Link className="button small" to={`/chats/${newest.chatId}?tab=all`}>{say("alarm.see")}</Link>}
      <button type="button" className="button small plain" onClick={acknowledge}>{say("alarm.acknowledge")}</button>
    </div>
  );
}
