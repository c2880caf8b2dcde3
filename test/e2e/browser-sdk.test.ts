import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { chromium, type Browser, type BrowserContext, type Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type * as Sdk from "../../client/browser/freshet.ts";
import { buildBrowserClient } from "../../tools/build-client.ts";
import { chromiumPath } from "../../tools/services/chromium.ts";
import { ServiceUnavailableError } from "../../tools/services/processes.ts";
import { FakeIngest } from "../helpers/fake-ingest.ts";

declare global {
  // What the built script defines in a page, and what the test puts beside it.
  var Freshet: typeof Sdk;
  var freshet: Sdk.Freshet;
}

const found = await chromiumPath().catch((error: unknown) => {
  if (error instanceof ServiceUnavailableError) return error;
  throw error;
});

describe.runIf(found instanceof Error)("without a browser", () => {
  test("[O2] the browser SDK in a browser is tested, or its absence said", () => {
    console.log(`SKIPPED: the browser SDK in a real browser: ${(found as Error).message}`);
    expect(process.env["REQUIRE_SERVICES"]).not.toBe("1");
  });
});

describe.skipIf(found instanceof Error)("the built SDK, in Chromium, on a page of another origin", () => {
  const site = createServer((request, response) => {
    const isScript = request.url?.endsWith(".js") ?? false;
    response.setHeader("content-type", isScript ? "text/javascript" : "text/html");
    response.end(isScript ? script : "<!doctype html><title>a shop</title><script src=/freshet.js></script>");
  });
  let script = "";
  let origin = "";
  let browser: Browser;
  let context: BrowserContext;
  let page: Page;
  let ingest: FakeIngest;
  let url = "";

  beforeAll(async () => {
    const built = await buildBrowserClient();
    script = built.find(({ file }) => file === "freshet.global.js")?.code ?? "";
    await new Promise<void>((resolve) => site.listen(0, "127.0.0.1", resolve));
    origin = `http://127.0.0.1:${(site.address() as AddressInfo).port}`;
    browser = await chromium.launch({ executablePath: String(found), args: ["--no-sandbox"] });
  });
  afterAll(async () => {
    await browser?.close();
    site.closeAllConnections();
    site.close();
  });

  beforeEach(async () => {
    ingest = new FakeIngest();
    url = await ingest.listen();
    context = await browser.newContext();
    page = await context.newPage();
    await page.goto(origin);
  });
  afterEach(async () => {
    await context.close();
    await ingest.close();
  });

  const create = (options: Partial<Sdk.FreshetOptions> = {}) =>
    page.evaluate(
      (all) => {
        globalThis.freshet = globalThis.Freshet.createFreshet(all);
      },
      { url, key: "k", lingerMs: 20, retryBaseMs: 10, ...options },
    );
  const track = (count: number, text = "") =>
    page.evaluate(
      ([count, text]) => {
        for (let i = 0; i < count; i++) globalThis.freshet.track("click", { value: i, props: { text } });
      },
      [count, text] as const,
    );
  const slowNetwork = async (latency: number) => {
    const devtools = await context.newCDPSession(page);
    await devtools.send("Network.enable");
    await devtools.send("Network.emulateNetworkConditions", {
      offline: false,
      latency,
      downloadThroughput: -1,
      uploadThroughput: -1,
    });
  };
  const stats = () => page.evaluate(() => globalThis.freshet.stats());
  const values = () => ingest.events.map(({ value }) => value);

  test("[I8] events of a page arrive without a preflight, and a failing server gets the same batch again", async () => {
    ingest.script.push({ status: 503 }, "drop-after");
    await create();
    await track(3);
    await expect.poll(stats).toMatchObject({ tracked: 3, accepted: 3, queued: 0 });
    // Three requests; not always two retries of ours, as Chromium itself repeats one whose old connection broke.
    expect(ingest.requests).toHaveLength(3);
    expect(values()).toEqual([0, 1, 2]);
    // A preflight would be a request without a batch.
    expect(new Set(ingest.requests.map(({ batch }) => batch)).size).toBe(1);
  });

  test("[I8] Retry-After reaches a page of another origin", async () => {
    ingest.script.push({ status: 429, headers: { "retry-after": "1" } });
    await create();
    await track(1);
    await ingest.received(2);
    const [first, second] = ingest.requests;
    expect((second?.atMs ?? 0) - (first?.atMs ?? 0)).toBeGreaterThanOrEqual(990);
  });

  test("[I8] a page that goes elsewhere at once still delivers, over a slow network too", async () => {
    await create({ lingerMs: 60_000 });
    await track(5);
    // Long enough for a request that its page takes along to be cancelled before it has left.
    await slowNetwork(500);
    await page.goto("about:blank");
    await ingest.received(1);
    expect(values()).toEqual([0, 1, 2, 3, 4]);
  });

  test("[I8] a tab that is closed still delivers, as much as browsers allow", async () => {
    await create({ lingerMs: 60_000 });
    await track(150, "x".repeat(300));
    await page.close({ runBeforeUnload: true });
    await ingest.received(1);
    await expect.poll(() => values().length).toBe(150);
  });

  test("[I8] a page that is left while its batch is under way sends it again: it arrives once", async () => {
    ingest.script.push("hang");
    await create();
    await track(2);
    await ingest.received(1);
    await page.goto("about:blank");
    await ingest.received(2);
    expect(new Set(ingest.requests.map(({ batch }) => batch)).size).toBe(1);
    expect(values()).toEqual([0, 1]);
  });

  test("[I8] survives going offline", async () => {
    await create();
    await context.setOffline(true);
    await track(4);
    await page.waitForTimeout(200);
    expect(await stats()).toMatchObject({ queued: 4, retries: 0 });
    await context.setOffline(false);
    await expect.poll(stats).toMatchObject({ accepted: 4, queued: 0 });
    expect(values()).toEqual([0, 1, 2, 3]);
  });
});
