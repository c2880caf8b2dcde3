import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Readable } from "node:stream";
import { expect, it } from "vitest";
import type { BackfillStatus } from "../../protocol/backfill.ts";
import { backfillCommand } from "./backfill-command.ts";

const STATUS = {
  id: 7,
  metric: "clicks",
  state: "running",
  progress: 0.421,
  events: 12,
  points: 3,
  filesGone: 0,
};

/** Answers the POST with the first, each GET with the next. */
async function run(args: string[], answers: Partial<BackfillStatus>[]) {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    const body: Uint8Array[] = [];
    request.on("data", (part: Uint8Array) => body.push(part));
    request.on("end", () => {
      asked.push(`${request.method} ${request.url} ${Buffer.concat(body).toString()}`);
      const status = { ...STATUS, ...answers.shift() };
      response.end(JSON.stringify(request.method === "GET" ? { backfills: [status] } : status));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  let [said, complained] = ["", ""];
  const code = await backfillCommand([...args, "--url", url, "--key", "k"], {
    env: {},
    stdin: Readable.from([]),
    write: (text) => (said += text),
    complain: (text) => (complained += text),
    signal: new AbortController().signal,
  });
  server.close();
  return { code, said, complained, asked };
}

it("[C4] begins a backfill and follows it to its end", async () => {
  const { code, said, asked } = await run(
    ["clicks", "--from", "now-7d", "--to", "now-1h"],
    [{}, { state: "done", progress: 1, filesGone: 2 }],
  );
  expect(code).toBe(0);
  expect(said).toBe(
    "clicks: running, 42 %, 12 events read, 3 points\n" +
      "clicks: done, 100 %, 12 events read, 3 points, 2 files are gone from the archive\n",
  );
  expect(asked).toEqual([
    'POST /v1/catalog/metrics/clicks/backfill {"from":"now-7d","to":"now-1h"}',
    "GET /v1/catalog/metrics/clicks/backfill ",
  ]);
});

it("[C4] ends with 1 when it was cancelled, and says why", async () => {
  const answer = { state: "cancelled", reason: "the metric was deleted" } as const;
  const { code, said } = await run(["clicks", "--from", "now-7d"], [answer]);
  expect([code, said]).toEqual([
    1,
    "clicks: cancelled, 42 %, 12 events read, 3 points: the metric was deleted\n",
  ]);
});

it.each([
  [[], "no metric is named"],
  [["a", "b", "--from", "now-1d"], "'b' is one too many"],
  [["a"], "--from is missing"],
])("[C4] of %j says what is wrong", async (args, message) => {
  const { code, complained } = await run(args, []);
  expect(code).toBe(2);
  expect(complained).toContain(message);
});
