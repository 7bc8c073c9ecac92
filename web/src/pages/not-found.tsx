// An address that leads nowhere: says so, shows the address, and leads back.

import { useLanguage } from "../i18n/language";
import { Entrance } from "../ui/entrance";

export function NotFoundPage({ path }: { path: string }) {
  const { say } = useLanguage();
  // The address stands as code in the middle of its sentence, wherever the language puts it.
  const [before, behind] = say("notFound.meaning", { path: "\n" }).split("\n");
  return (
    <Entrance hold={{ question: "taut", decision: "basted", answer: "basted" }}>
      <title>{say("title", { what: say("notFound.short") })}</title>
      <div className="verdict">
        <h1>{say("notFound")}</h1>
        <p>{before}<code>{path}</code>{behind}</p>
      </div>
      <nav className="places"><a className="button primary" href="/state">{say("notFound.home")}</a></nav>
    </Entrance>
  );
}
