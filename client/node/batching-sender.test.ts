import { afterEach, expect, test } from "vitest";
import { FakeIngest, type IngestBehaviour } from "../../test/helpers/fake-ingest.ts";
import { BatchingSender, type SenderOptions } from "./batching-sender.ts";

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

async function start(script: IngestBehaviour[], options: Partial<SenderOptions> = {}) {
  const server = new FakeIngest(...script);
  const problems: string[] = [];
  const sender = new BatchingSender({
    url: await server.listen(),
    key: "k1",
    onProblem: (message) => problems.push(message),
    ...options,
    limits: { lingerMs: 20, retryBaseMs: 10, ...options.limits },
  });
  closing.push(
    () => sender.close(0),
    () => server.close(),
  );
  return { server, sender, problems };
}

function events(count: number): Record<string, unknown>[] {
  return Array.from({ length: count }, (_, i) => ({ name: "tick", ts: 1_000 + i, value: i }));
}

test("[I8] batches, with the key, the batch id and the time of sending", async () => {
  const { server, sender } = await start([]);
  for (const event of events(3)) sender.send(event);
  await server.received(1);
  const [request] = server.requests;
  expect(request?.url).toBe("/v1/events");
  expect(request?.events).toEqual(events(3));
  expect(request?.headers.authorization).toBe("Bearer k1");
  expect(request?.headers["idempotency-key"]).toMatch(/^[0-9a-f-]{36}$/);
  expect(request?.headers["content-encoding"]).toBeUndefined();
  expect(Math.abs(Number(request?.headers["sent-at"]) - Date.now())).toBeLessThan(1_000);
});

test("[I8] keeps the batch id and the events across retries, and says when this attempt left", async () => {
  const { server, sender } = await start([{ status: 503 }, "drop-before", "drop-after"]);
  for (const event of events(3)) sender.send(event);
  await sender.close();
  expect(server.requests).toHaveLength(4);
  expect(new Set(server.requests.map(({ batch }) => batch)).size).toBe(1);
  expect(new Set(server.requests.map(({ headers }) => headers["sent-at"])).size).toBeGreaterThan(1);
  expect(server.events).toEqual(events(3));
  expect(sender.stats()).toEqual({
    tracked: 3,
    queued: 0,
    accepted: 3,
    rejected: 0,
    dropped: 0,
    retries: 3,
  });
});

test("[I4] a sender on the server's own clock says no time of sending, so that nothing is corrected", async () => {
  const { server, sender } = await start([], { sameClock: true });
  sender.send({ name: "tick" });
  await sender.flush();
  expect(server.requests[0]?.headers).not.toHaveProperty("sent-at");
});

test("[I8] does not come back before Retry-After has passed", async () => {
  const { server, sender } = await start([{ status: 429, headers: { "retry-after": "1" } }]);
  sender.send({ name: "tick" });
  await server.received(2);
  const [first, second] = server.requests;
  expect((second?.atMs ?? 0) - (first?.atMs ?? 0)).toBeGreaterThanOrEqual(990);
});

test("[I8] a server that does not answer in time is asked again under the same id", async () => {
  const { server, sender, problems } = await start(["hang"], { timeoutMs: 60 });
  sender.send({ name: "tick" });
  await server.received(2);
  await sender.close();
  expect(new Set(server.requests.map(({ batch }) => batch)).size).toBe(1);
  expect(sender.stats()).toMatchObject({ accepted: 1, retries: 1 });
  expect(problems[0]).toContain("no answer in 60 ms");
  expect(problems[1]).toBe("events arrive again");
});

test.each([400, 401, 403, 413])(
  "[I8] %i is counted and not repeated, and later events still go",
  async (status) => {
    const { server, sender, problems } = await start([
      { status, body: '{"message":"the key is not known"}' },
    ]);
    sender.send({ name: "refused" });
    await sender.flush();
    sender.send({ name: "taken" });
    await sender.flush();
    expect(server.requests).toHaveLength(2);
    expect(sender.stats()).toMatchObject({ accepted: 1, rejected: 1, queued: 0, retries: 0 });
    expect(problems[0]).toContain(`${status}`);
    expect(problems[0]).toContain("the key is not known");
  },
);

test("[I8] counts events that the server refused out of a batch", async () => {
  const body = '{"accepted":2,"rejected":[{"index":1,"reason":"name","message":"name is nothing"}]}';
  const { sender, problems } = await start([{ status: 202, body }]);
  for (const event of events(3)) sender.send(event);
  await sender.flush();
  expect(sender.stats()).toMatchObject({ accepted: 2, rejected: 1 });
  expect(problems[0]).toContain("name is nothing");
});

test("[I8] sends large batches as gzip, and the same bytes again", async () => {
  const { server, sender } = await start([{ status: 500 }]);
  for (const event of events(100)) sender.send(event);
  await sender.close();
  const lengths = server.requests.map(({ headers }) => Number(headers["content-length"]));
  expect(server.requests.map(({ headers }) => headers["content-encoding"])).toEqual(["gzip", "gzip"]);
  expect(lengths[0]).toBe(lengths[1]);
  expect(lengths[0]).toBeLessThan(1_500);
  expect(server.events).toEqual(events(100));
});

test("[I8] a bad network loses and doubles nothing: the sum over batches is what was sent", async () => {
  const faults: IngestBehaviour[] = [
    "drop-after",
    { status: 503 },
    "accept",
    "drop-before",
    "hang",
    "drop-after",
  ];
  const { server, sender } = await start(faults, {
    timeoutMs: 60,
    limits: { maxBatchEvents: 50, retryBaseMs: 2 },
  });
  for (const event of events(500)) sender.send(event);
  await sender.close();
  expect(server.events).toHaveLength(500);
  expect(new Set(server.events.map(({ value }) => value)).size).toBe(500);
  expect(sender.stats()).toMatchObject({ tracked: 500, accepted: 500, queued: 0 });
});

test("[I8] one request is under way at a time", async () => {
  const { server, sender } = await start(["hang"], { limits: { maxBatchEvents: 1 }, timeoutMs: 5_000 });
  for (const event of events(5)) sender.send(event);
  await server.received(1);
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(server.requests).toHaveLength(1);
});

test("[I8] closing takes no longer than its grace, and says what was not sent", async () => {
  const { sender } = await start(["hang"]);
  sender.send({ name: "tick" });
  const beganMs = Date.now();
  await sender.close(100);
  expect(Date.now() - beganMs).toBeLessThan(1_000);
  expect(sender.stats()).toMatchObject({ queued: 1, accepted: 0 });
});

test("[I8] a source that waits for room loses nothing to a slow server", async () => {
  const { sender, server } = await start([{ status: 503 }, { status: 503 }], {
    limits: { maxBatchEvents: 10, maxQueueBytes: 2_000, retryBaseMs: 5 },
  });
  for (const event of events(300)) {
    sender.send(event);
    await sender.room();
  }
  await sender.close();
  expect(server.events).toHaveLength(300);
  expect(sender.stats()).toMatchObject({ accepted: 300, dropped: 0 });
});

test("[I8] waiting for room ends on abort", async () => {
  const { sender } = await start([{ status: 503, headers: { "retry-after": "60" } }], {
    limits: { maxQueueBytes: 100 },
  });
  for (const event of events(3)) sender.send(event);
  await sender.room(AbortSignal.timeout(30));
});

test("[I8] what is not JSON is counted as dropped", async () => {
  const { sender } = await start([]);
  const cycle: Record<string, unknown> = { name: "cycle" };
  cycle["self"] = cycle;
  sender.send(cycle);
  expect(sender.stats()).toMatchObject({ tracked: 1, dropped: 1, queued: 0 });
});

test("[I8] nothing listening is a failure like others, told once", async () => {
  const { sender, problems } = await start([], { url: "http://127.0.0.1:9" });
  sender.send({ name: "tick" });
  await sender.close(120);
  expect(sender.stats().retries).toBeGreaterThan(1);
  expect(problems.filter((problem) => problem.includes("does not answer"))).toHaveLength(1);
});
