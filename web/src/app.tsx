// Which page stands at which path.

import type { ReactNode } from "react";

import { LanguageProvider } from "./i18n/language";
import { NotFoundPage } from "./pages/not-found";
import { StatePage } from "./pages/state";

const pages: Record<string, () => ReactNode> = {
  "/": () => <StatePage />,
};

export function App({ path }: { path: string }) {
  const page = pages[path];
  return <LanguageProvider>{page ? page() : <NotFoundPage path={path} />}</LanguageProvider>;
}
