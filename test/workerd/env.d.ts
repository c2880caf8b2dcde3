// Bindings of wrangler.toml, and those that vitest.config.ts adds for tests.
declare namespace Cloudflare {
  interface GlobalProps {
    mainModule: typeof import("./main.ts");
  }

  interface Env extends Readonly<import("../../durable-objects/env.ts").Env> {
    REQUIRE_SERVICES: string;
    ROOT_KEY: string;
    TEST_OBJECT: DurableObjectNamespace;
  }
}
