// How the console is built, served while it is worked on, and tested. Owns the tools' settings; must not know pages.
import { fileURLToPath } from "node:url";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

const gateway = process.env["PAYFLOW_GATEWAY"] ?? "http://127.0.0.1:8000";
const proxied = { target: gateway, changeOrigin: true, ws: true };

export default defineConfig({
  plugins: [react()],
  resolve: { alias: { "~": fileURLToPath(new URL("./src", import.meta.url)) } },
  server: { host: "127.0.0.1", port: 3000, strictPort: true, proxy: { "/api": proxied, "/readyz": proxied } },
  preview: { host: "127.0.0.1", port: 3000, strictPort: true, proxy: { "/api": proxied, "/readyz": proxied } },
  build: { target: "es2022", sourcemap: false, assetsInlineLimit: 0, reportCompressedSize: false },
  test: {
    environment: "happy-dom",
    maxWorkers: 1,
    include: ["src/**/*.test.{ts,tsx}"],
    restoreMocks: true,
    testTimeout: 30_000,
  },
});
