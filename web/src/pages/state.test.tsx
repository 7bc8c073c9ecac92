import { renderToStaticMarkup } from "react-dom/server";
import { MemoryRouter } from "react-router";
import { describe, expect, it } from "vitest";

import { App } from "../app";
import { messages } from "../i18n/messages";
import { after, type Outcome, unknown } from "../live/watch";
import { StateView } from "./state";

const answer = (at: number, ...degraded: string[]): Outcome => ({ at, readiness: { degraded } });
const places = { phone: "http://127.0.0.1:8090/", temporal: "http://127.0.0.1:8233/" };

function shown(outcomes: Outcome[], more: Partial<Parameters<typeof StateView>[0]> = {}): string {
  const watch = outcomes.reduce(after, unknown);
  return renderToStaticMarkup(
    <StateView watch={watch} now={10_000} nextAt={13_000} askNow={() => undefined} places={places} {...more} />,
  );
}

describe("the state of the installation", () => {
  it("begins with one sentence, in Spanish", () => {
    const html = shown([answer(7_000)]);
    expect(html).toContain(`<h1>${messages.es["state.ready"]}</h1>`);
    expect(html.indexOf("<h1>")).toBeLessThan(html.indexOf("PostgreSQL"));
    expect(html).toContain("Actualizado hace 3 s");
  });

  it("says of each service what it does and whether it answers", () => {
    const html = shown([answer(7_000, "redis")]);
    const rows = [...html.matchAll(/<li><span><b>(\w+)<\/b>.*?<\/svg>([^<]+)<\/span><\/li>/g)].map(([, name, word]) => [name, word]);
    expect(rows).toEqual([["PostgreSQL", "Responde"], ["Temporal", "Responde"], ["Redis", "No responde"]]);
  });

  it("shows a service that it does not know rather than call Hilo ready", () => {
    const html = shown([answer(7_000, "elastic")]);
    expect(html).toContain("una parte no responde: elastic.");
    expect(html).toContain("<b>elastic</b>");
  });

  it("does not pretend to know while the server is silent", () => {
    const html = shown([answer(7_000), { at: 9_000, readiness: undefined }]);
    expect(html).toContain(messages.es["state.lost"]);
    expect(html).not.toContain(">Responde<");
    expect(html).toContain("Sin noticias");
  });

  it("says when it will ask again, and when it is asking", () => {
    expect(shown([answer(7_000)])).toMatch(/Próxima pregunta.*3 s/);
    expect(shown([answer(7_000)], { nextAt: undefined })).not.toContain("Próxima pregunta");
  });

  it("links to the phone and to Temporal only where they are", () => {
    expect(shown([answer(7_000)])).toContain("href=\"http://127.0.0.1:8090/\"");
    expect(shown([answer(7_000)], { places: undefined })).not.toContain("http://");
  });
});

it("tells whoever follows a dead link which address it was, as text", () => {
  const html = renderToStaticMarkup(<MemoryRouter initialEntries={["/pedidos/<b>99"]}><App /></MemoryRouter>);
  expect(html).toContain("<code>/pedidos/&lt;b&gt;99</code>");
  expect(html).toContain(messages.es["notFound.home"]);
});
