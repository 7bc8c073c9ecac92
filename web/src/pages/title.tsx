// The page's name in its tab, with what is unread in front of it.

import { useLanguage } from "../i18n/language";
import { useUnread } from "./unread";

export function Title({ what }: { what: string }) {
  const { say } = useLanguage();
  const unread = useUnread();
  const words = say("title", { what });
  return <title>{unread > 0 ? `(${unread}) ${words}` : words}</title>;
}
