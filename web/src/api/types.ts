// The shapes that screens speak of, by the names of the server's document.

import type { components } from "./__generated__/schema";

type Schemas = components["schemas"];

export type AgentState = Schemas["StateWord"];
export type Me = Schemas["Me"];
export type User = Schemas["User"];
export type Chat = Schemas["Chat"];
export type ChatStatus = Schemas["ChatStatus"];
export type Priority = Schemas["Priority"];
export type Message = Schemas["Message"];
export type Note = Schemas["Note"];
export type Interactive = Schemas["Interactive"];
export type Workflow = Schemas["ChatWorkflow"];
export type LedgerItem = Schemas["LedgerItem"];
export type Queue = Schemas["Queue"];
export type Notice = Schemas["Notification"];
export type LiveEvent = Schemas["LiveEvent"];
export type Joined = Schemas["ChatJoined"];
export type Typing = Schemas["AgentTyping"];
