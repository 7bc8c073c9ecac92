// What every page behind the log-in has: somebody who is logged in, the rail, what is live, and what was just done.

import { useQuery } from "@tanstack/react-query";
import { Suspense } from "react";
import { Navigate, Outlet, useLocation } from "react-router";

import { MeContext } from "../api/me";
import { meQuery } from "../api/queries";
import { useSession } from "../api/use-session";
import { useLanguage } from "../i18n/language";
import { useLive } from "../live/use-live";
import { Icon } from "../ui/icon";
import { Mark } from "../ui/mark";
import { Toasts } from "../ui/toast";
import { Rail } from "./rail";

export function Private() {
  const session = useSession();
  const { pathname, search } = useLocation();
  const { data: me } = useQuery({ ...meQuery(), enabled: session === "in" });
  if (session === "out") {
    const next = pathname === "/" ? "" : `?next=${encodeURIComponent(pathname + search)}`;
    return <Navigate to={`/login${next}`} replace />;
  }
  if (session !== "in" || !me) return <Opening unreachable={session === "unreachable"} />;
  return <MeContext value={me}><Inside /></MeContext>;
}

function Inside() {
  useLive();
  return (
    <div className="frame">
      <Rail />
      <Suspense fallback={<main className="loading" aria-busy="true" />}><Outlet /></Suspense>
      <Toasts />
    </div>
  );
}

/** The moment before anybody knows who this is; it says so only when the server does not answer. */
function Opening({ unreachable }: { unreachable: boolean }) {
  const { say } = useLanguage();
  return (
    <main className="opening" aria-busy={!unreachable}>
      <Mark />
      {unreachable && <p role="status"><Icon name="wifi" />{say("opening.unreachable")}</p>}
    </main>
  );
}
