import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { FakeIngest } from "../../test/helpers/fake-ingest.ts";
import { createFreshet, type FreshetOptions } from "./freshet.ts";

/** What a page has besides Node: something to listen to, and a network that can be away. */
const newPage = () => ({
  window: new EventTarget(),
  document: Object.assign(new EventTarget(), { visibilityState: "visible" }),
  navigator: { onLine: true },
});
let page = newPage();
let server = new FakeIngest();
let url = "";
const requests: RequestInit[] = [];

beforeEach(async () => {
  server = new FakeIngest();
  url = await server.listen();
  page = newPage();
  requests.length = 0;
  for (const [name, value] of Object.entries(page)) vi.stubGlobal(name, value);
  const { fetch } = globalThis;
  vi.stubGlobal("fetch", (target: string, init: RequestInit) => {
    requests.push(init);
    return fetch(target, init);
  });
});

afterEach(async () => {
  vi.unstubAllGlobals();
  await server.close();
});

function client(options: Partial<FreshetOptions> = {}) {
  return createFreshet({ url: `${url}/`, key: "k 1", lingerMs: 10, retryBaseMs: 5, ...options });
}

test("[I8] tracks events in batches, by requests that need no preflight", async () => {
  const freshet = client();
  freshet.track("signup");
  freshet.track("buy", { value: 3.5, user: "ü1", props: { plan: "pro", trial: false }, ts: 1_000 });
  await server.received(1);
  await freshet.flush();
  const [request] = server.requests;
  expect(request?.url).toBe("/v1/events?key=k%201");
  expect(request?.headers["content-type"]).toMatch(/^text\/plain/);
  expect(requests[0]?.headers).toBeUndefined();
  expect(request?.events).toEqual([
    { name: "signup", ts: expect.any(Number) as number },
    { name: "buy", ts: 1_000, value: 3.5, user: "ü1", props: { plan: "pro", trial: false } },
  ]);
  expect(JSON.parse(requests[0]?.body as string)).toMatchObject({ sentAt: expect.any(Number) as number });
  expect(freshet.stats()).toMatchObject({ tracked: 2, accepted: 2, queued: 0 });
});

test("[I8] keeps the batch id across retries", async () => {
  server.script.push({ status: 503 }, "drop-after", "drop-before");
  const freshet = client();
  freshet.track("signup");
  await server.received(4);
  expect(new Set(server.requests.map(({ batch }) => batch)).size).toBe(1);
  expect(server.requests[0]?.batch).toMatch(/^[\d-]{7,}$/);
  await vi.waitFor(() => expect(freshet.stats()).toMatchObject({ accepted: 1, retries: 3 }));
});

test("[I8] never throws into the page: what cannot be sent is counted", () => {
  const freshet = client();
  const cycle: Record<string, unknown> = {};
  cycle["self"] = cycle;
  freshet.track("cycle", { props: cycle as never });
  freshet.track("bigint", { value: 1n as never });
  freshet.track("nan", { value: Number.NaN });
  freshet.track("infinite", { value: Number.POSITIVE_INFINITY });
  freshet.track("large", { props: { text: "é".repeat(30_000) } });
  expect(freshet.stats()).toMatchObject({ tracked: 5, dropped: 5, queued: 0 });
});

test("[I8] what a caller changes after track() does not change the event", async () => {
  const freshet = client();
  const props = { step: 1 };
  freshet.track("a", { props });
  props.step = 2;
  await freshet.flush();
  expect(server.events[0]?.["props"]).toEqual({ step: 1 });
});

test("[I8] survives going offline: tries nothing, keeps the queue, sends when online", async () => {
  const freshet = client();
  page.navigator.onLine = false;
  for (let i = 0; i < 3; i++) freshet.track("click", { value: i });
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(server.requests).toHaveLength(0);
  page.navigator.onLine = true;
  page.window.dispatchEvent(new Event("online"));
  await server.received(1);
  expect(server.events.map(({ value }) => value)).toEqual([0, 1, 2]);
});

test.each(["pagehide", "visibilitychange"])(
  "[I8] flushes on %s by a request that outlives the page",
  async (type) => {
    const freshet = client({ lingerMs: 60_000 });
    freshet.track("leave");
    page.document.visibilityState = "hidden";
    (type === "pagehide" ? page.window : page.document).dispatchEvent(new Event(type));
    await server.received(1);
    expect(requests[0]?.keepalive).toBe(true);
    expect(server.events).toMatchObject([{ name: "leave" }]);
  },
);

test("[I8] becoming visible again sends nothing", async () => {
  const freshet = client({ lingerMs: 60_000 });
  freshet.track("stay");
  page.document.dispatchEvent(new Event("visibilitychange"));
  await new Promise((resolve) => setTimeout(resolve, 30));
  expect(server.requests).toHaveLength(0);
});

test("[I8] what outlives the page stays below the 64 KiB that browsers allow, frames included", async () => {
  const freshet = client({ lingerMs: 60_000 });
  for (let i = 0; i < 200; i++) freshet.track("large", { props: { text: "é".repeat(450) } });
  page.window.dispatchEvent(new Event("pagehide"));
  page.window.dispatchEvent(new Event("pagehide"));
  await server.received(1);
  const bytes = requests.map(({ body }) => Buffer.byteLength(body as string));
  expect(bytes.reduce((sum, length) => sum + length, 0)).toBeLessThan(64 * 1024);
  expect(freshet.stats().dropped).toBe(0);
});

test("[I8] bounds its queue and counts what it drops", () => {
  const freshet = client({ lingerMs: 60_000, maxQueueBytes: 1_000 });
  for (let i = 0; i < 100; i++) freshet.track("click", { value: i });
  const { tracked, queued, dropped } = freshet.stats();
  expect(tracked).toBe(100);
  expect(dropped).toBeGreaterThan(50);
  expect(queued + dropped).toBe(100);
});

test("[I8] a refusal is counted, not repeated", async () => {
  server.script.push({ status: 401 });
  const freshet = client();
  freshet.track("refused");
  await freshet.flush();
  await new Promise((resolve) => setTimeout(resolve, 30));
  expect(server.requests).toHaveLength(1);
  expect(freshet.stats()).toMatchObject({ rejected: 1, queued: 0 });
});

test("[I8] close sends what is left, then takes and listens to nothing", async () => {
  const freshet = client({ lingerMs: 60_000 });
  freshet.track("last");
  await freshet.close();
  expect(server.events).toMatchObject([{ name: "last" }]);
  freshet.track("late");
  page.window.dispatchEvent(new Event("pagehide"));
  await new Promise((resolve) => setTimeout(resolve, 30));
  expect(server.requests).toHaveLength(1);
  expect(freshet.stats()).toMatchObject({ tracked: 2, accepted: 1, dropped: 1 });
});

test("[I8] starts where there is no page, as when a server renders it", () => {
  vi.stubGlobal("window", undefined);
  vi.stubGlobal("document", undefined);
  vi.stubGlobal("navigator", undefined);
  client().track("rendered");
});
