// The shapes that screens speak of, by the names of the server's document.

import type { components } from "./__generated__/schema";

type Schemas = components["schemas"];

export type AgentState = Schemas["AgentState"];
export type State = Schemas["State"];
export type Me = Schemas["Me"];
export type User = Schemas["User"];
export type Chat = Schemas["Chat"];
export type ChatStatus = Schemas["Status"];
export type Message = Schemas["Message"];
export type Workflow = Schemas["Workflow"];
export type LedgerEntry = Schemas["Entry"];
export type Queue = Schemas["Queue"];
export type Waiting = Schemas["Waiting"];
export type CloseReason = Schemas["CloseReason"];
export type Notice = Schemas["Notification"];
