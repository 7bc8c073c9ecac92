// What Hilo wanted somebody to know, newest first.

import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "react-router";

import { answered, api } from "../api/client";
import { keys, noticesQuery } from "../api/queries";
import type { Notice } from "../api/types";
import { exact } from "../i18n/format";
import { useLanguage } from "../i18n/language";
import { Ago } from "../ui/ago";
import { Icon } from "../ui/icon";
import { Skeletons } from "../ui/skeletons";

export function Notices({ close }: { close: () => void }) {
  const { say } = useLanguage();
  const client = useQueryClient();
  const { data } = useQuery(noticesQuery());
  if (!data) return <Skeletons count={3} />;
  if (data.items.length === 0) return <p className="muted">{say("notices.none")}</p>;
  const read = (notice: Notice) => {
    close();
    if (notice.readAt !== null) return;
    void answered(api.POST("/api/v1/notifications/{id}/read", { params: { path: { id: notice.id } } }))
      .finally(() => void client.invalidateQueries({ queryKey: keys.notices }));
  };
  return <ul className="notices">{data.items.map((one) => <Row key={one.id} notice={one} read={read} />)}</ul>;
}

function Row({ notice, read }: { notice: Notice; read: (notice: Notice) => void }) {
  const { language } = useLanguage();
  const at = Date.parse(notice.at);
  return (
    <li className={notice.readAt === null ? "unread" : ""}>
      <Icon name={notice.kind.startsWith("sla.") ? "warning" : "info"} />
      <span>
        {notice.chatId === null ? notice.text : <Link to={`/chats/${notice.chatId}?tab=all`} onClick={() => { read(notice); }}>{notice.text}</Link>}
        <time className="muted" title={exact(language, at)}><Ago at={at} /></time>
      </span>
    </li>
  );
}
