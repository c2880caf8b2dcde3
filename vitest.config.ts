import { cloudflareTest } from "@cloudflare/vitest-plugin";
import { defineConfig } from "vitest/config";

/** On a busy machine all takes longer. What has to happen within a time says so itself. */
const PATIENCE = { testTimeout: 30_000, expect: { poll: { timeout: 10_000 } } };

export default defineConfig({
  test: {
    projects: [
      {
        // Simulations run the Durable Object classes in Node.
        resolve: {
          alias: {
            "cloudflare:workers": new URL("test/simulation/cloudflare-workers.ts", import.meta.url).pathname,
          },
        },
        test: {
          ...PATIENCE,
          name: "pure",
          environment: "node",
          include: ["**/*.test.ts"],
          exclude: ["**/node_modules/**", "test/workerd/**", "test/e2e/**", "dist/**", ".freshet/**"],
        },
      },
      {
        plugins: [
          cloudflareTest({
            main: "./test/workerd/main.ts",
            wrangler: { configPath: "./wrangler.toml" },
            miniflare: {
              bindings: {
                REQUIRE_SERVICES: process.env["REQUIRE_SERVICES"] ?? "",
                ROOT_KEY: "a-root-key-for-tests",
                PUBLIC_READ_KEY: "a-public-read-key",
              },
              durableObjects: { TEST_OBJECT: { className: "TestObject", useSQLite: true } },
            },
          }),
        ],
        test: {
          ...PATIENCE,
          name: "workerd",
          include: ["test/workerd/**/*.test.ts"],
          globalSetup: ["./test/helpers/services-setup.ts"],
        },
      },
      {
        test: {
          ...PATIENCE,
          name: "e2e",
          environment: "node",
          include: ["test/e2e/**/*.test.ts"],
          // Whole systems on two cores, each with ports and a state folder of its own: while one waits, another works.
          maxWorkers: 2,
          testTimeout: 240_000,
          hookTimeout: 240_000,
        },
      },
    ],
  },
});
