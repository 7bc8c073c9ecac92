import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

// Where `npm run dev` finds a gateway; `hilo dev` starts one there.
const gateway = process.env["HILO_WEB"] ?? "http://127.0.0.1:8080";

export default defineConfig({
  plugins: [react()],
  build: {
    // The gateway's content policy lets fonts and pictures come from files only, never from `data:`.
    assetsInlineLimit: 0,
    target: "es2022",
    // What depends on no page of ours changes rarely, so a browser keeps it over releases.
    rolldownOptions: { output: { codeSplitting: { groups: [{ name: "react", test: /node_modules/ }] } } },
  },
  server: {
    host: "127.0.0.1",
    proxy: { "/readyz": gateway, "/api": gateway, "/socket.io": { target: gateway, ws: true } },
  },
  test: { environment: "node", include: ["src/**/*.test.{ts,tsx}"] },
});
