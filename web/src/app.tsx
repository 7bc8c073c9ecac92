// Which page stands at which path. What only supervisors look at comes when it is asked for.

import { QueryClientProvider } from "@tanstack/react-query";
import { lazy } from "react";
import { Route, Routes, useLocation } from "react-router";

import { createQueryClient } from "./api/query-client";
import { LanguageProvider } from "./i18n/language";
import { DeskPage } from "./pages/desk/desk";
import { HomePage } from "./pages/home";
import { LoginPage } from "./pages/login/login";
import { NotFoundPage } from "./pages/not-found";
import { Private } from "./pages/private";
import { StatePage } from "./pages/state";

const RoomPage = lazy(() => import("./pages/room/room"));
const WorkflowPage = lazy(() => import("./pages/workflow/workflow"));

const client = createQueryClient();

export function App() {
  const { pathname } = useLocation();
  return (
    <QueryClientProvider client={client}>
      <LanguageProvider>
        <Routes>
          <Route path="/login" element={<LoginPage />} />
          <Route path="/state" element={<StatePage />} />
          <Route element={<Private />}>
            <Route index element={<HomePage />} />
            <Route path="/chats/:chatId?" element={<DeskPage />} />
            <Route path="/chats/:chatId/workflow" element={<WorkflowPage />} />
            <Route path="/room" element={<RoomPage />} />
          </Route>
          <Route path="*" element={<NotFoundPage path={pathname} />} />
        </Routes>
      </LanguageProvider>
    </QueryClientProvider>
  );
}
