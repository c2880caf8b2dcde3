// Bindings that vitest.config.ts adds for tests.
declare namespace Cloudflare {
  interface Env {
    REQUIRE_SERVICES: string;
    TEST_OBJECT: DurableObjectNamespace;
  }
}
