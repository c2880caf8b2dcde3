import { cloudflareTest } from "@cloudflare/vitest-plugin";
import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    projects: [
      {
        test: {
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
            miniflare: {
              compatibilityDate: "2026-10-20",
              bindings: { REQUIRE_SERVICES: process.env["REQUIRE_SERVICES"] ?? "" },
              durableObjects: { TEST_OBJECT: { className: "TestObject", useSQLite: true } },
            },
          }),
        ],
        test: {
          name: "workerd",
          include: ["test/workerd/**/*.test.ts"],
          globalSetup: ["./test/helpers/services-setup.ts"],
        },
      },
    ],
  },
});
