// Where work begins: in the room for whoever supervises, at the desk for everybody else.

import { Navigate } from "react-router";

import { supervises, useMe } from "../api/me";

export function HomePage() {
  return <Navigate to={supervises(useMe()) ? "/room" : "/chats"} replace />;
}
