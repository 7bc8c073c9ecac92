// Whether somebody is logged in, for components.

import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useState, useSyncExternalStore } from "react";

import { closeOutbox } from "../live/use-live";
import { forgetDrafts } from "../ui/memory";
import { answered, api } from "./client";
import { currentToken, forget, onToken, resume } from "./session";
import type { Me } from "./types";

export type Session = "asking" | "in" | "out" | "unreachable";

const AGAIN = 2_000;

export function useSession(): Session {
  const token = useSyncExternalStore(onToken, currentToken);
  const [without, setWithout] = useState<Exclude<Session, "in">>("asking");
  useEffect(() => {
    if (token) return;
    let over = false;
    let timer: ReturnType<typeof setTimeout>;
    const look = () => {
      resume().then(
        (found) => { if (!over && !found) setWithout("out"); },
        () => {
          if (over) return;
          setWithout("unreachable");
          timer = setTimeout(look, AGAIN);
        },
      );
    };
    look();
    return () => {
      over = true;
      clearTimeout(timer);
    };
  }, [token]);
  return token ? "in" : without;
}

/** Ends the session here and on the server, and leaves nothing behind on this machine. */
export function useLogout(me: Me): () => Promise<void> {
  const client = useQueryClient();
  return async () => {
    await answered(api.POST("/api/v1/auth/logout")).catch(() => undefined);
    closeOutbox(me);
    forgetDrafts();
    forget();
    client.clear();
  };
}
