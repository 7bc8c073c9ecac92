// A message as words: its text, or what it is.

import type { Message } from "../../api/types";
import { useLanguage } from "../../i18n/language";
import type { Key } from "../../i18n/messages";

const kinds: Partial<Record<string, Key>> = {
  image: "kind.image", audio: "kind.audio", video: "kind.video", document: "kind.document", sticker: "kind.sticker",
  location: "kind.location", contacts: "kind.contacts", interactive: "kind.interactive", button: "kind.interactive",
  reaction: "kind.reaction", template: "kind.template", system: "kind.system",
};

export function useWordsOf(): (message: Message) => string {
  const { say } = useLanguage();
  return ({ text, type }) => {
    const said = text?.trim() ?? "";
    return said === "" ? say(kinds[type] ?? "kind.unsupported") : said;
  };
}
