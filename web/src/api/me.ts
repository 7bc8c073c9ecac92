// Who looks, and what they may do. The server decides every time; screens only leave out what it would refuse.

import { createContext, use } from "react";

import type { Me } from "./types";

export const MeContext = createContext<Me | undefined>(undefined);

export function useMe(): Me {
  const me = use(MeContext);
  if (!me) throw new Error("this is only for people who are logged in");
  return me;
}

export const may = (me: Me, permission: string): boolean =>
  me.permissions.some((grant) => grant.permission === permission);

/** Whoever sees more than their own chats, and may move those of others. */
export const supervises = (me: Me): boolean =>
  me.permissions.some(({ permission, scope }) => permission === "chats.read" && scope !== "own");
