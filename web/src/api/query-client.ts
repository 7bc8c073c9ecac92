// How long what was asked stays good, and what is asked again.

import { QueryClient } from "@tanstack/react-query";

import { Problem } from "./problem";

export const createQueryClient = () => new QueryClient({
  defaultOptions: {
    queries: {
      // Events keep it fresh; this is for what they cannot tell.
      staleTime: 30_000,
      retry: (failures, error) => error instanceof Problem && error.mayRepeat && failures < 5,
      // The server is asked even where the browser thinks that there is no network: it may be this machine.
      networkMode: "always",
    },
    mutations: { networkMode: "always" },
  },
});
