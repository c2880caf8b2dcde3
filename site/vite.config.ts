import { defineConfig } from "vite";

/** Run from the repository's root: `vite build site`, or `vite site` beside a server on port 8787. */
export default defineConfig({
  build: { outDir: "../dist/site", emptyOutDir: true, target: "es2023" },
  server: { proxy: { "/v1": { target: "http://127.0.0.1:8787", ws: true } } },
});
