import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { CatalogClient, type CatalogClientOptions } from "./catalog-client.ts";
import type { Step } from "./plan.ts";

interface Answer {
  status: number;
  body?: string;
  headers?: Record<string, string>;
}

const asked: string[] = [];
let answers: (Answer | "hang" | "drop")[] = [];
let url = "";

const server = createServer((request, response) => void serve(request, response));

async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { method, url: path, headers } = request;
  asked.push(`${method} ${path} ${headers.authorization} ${await text(request)}`.trim());
  const answer = answers.shift() ?? { status: 200 };
  if (answer === "hang") return;
  if (answer === "drop") return void request.socket.destroy();
  response.writeHead(answer.status, answer.headers).end(answer.body ?? "{}");
}

beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});
beforeEach(() => {
  asked.length = 0;
  answers = [];
});

const METRIC: Step = {
  action: "create",
  definition: { kind: "metric", name: "a:b", source: { name: "a:b", event: "e" } },
};
const NONE: Answer = { status: 404, body: '{"message":"there is none"}' };
const BUSY: Answer = { status: 503, headers: { "retry-after": "0" }, body: '{"message":"busy"}' };
const client = (options: Partial<CatalogClientOptions> = {}) =>
  new CatalogClient({ url, key: "k", signal: new AbortController().signal, ...options });

test("[M1] lists, and changes all at once, below an address with a path too", async () => {
  answers = [{ status: 200, body: '{"metrics":[{"name":"a"}]}' }];
  expect(await client().list("metrics")).toEqual([{ name: "a" }]);
  const gone: Step = { action: "delete", definition: { kind: "dashboard", name: "d", source: {} } };
  answers = [NONE, NONE];
  await client({ url: `${url}/base/` }).change([METRIC, gone]);
  const changes = [
    { kind: "metrics", name: "a:b", put: { name: "a:b", event: "e" }, ifNoneMatch: "*" },
    { kind: "dashboards", name: "d", delete: true },
  ];
  expect(asked).toEqual([
    "GET /v1/catalog/metrics Bearer k",
    "GET /base/v1/catalog/metrics/a%3Ab Bearer k",
    "GET /base/v1/catalog/dashboards/d Bearer k",
    `POST /base/v1/catalog/changes Bearer k ${JSON.stringify({ changes })}`,
  ]);
});

test("[M1] a refusal is told in the server's words, once", async () => {
  answers = [{ status: 401, body: '{"error":"unauthorized","message":"the key is not known"}' }];
  await expect(client().list("metrics")).rejects.toThrow(
    "GET /v1/catalog/metrics was answered 401: the key is not known",
  );
  answers = [NONE, { status: 502, body: "<h1>Bad gateway</h1>" }];
  await expect(client().change([METRIC])).rejects.toThrow("was answered 502: <h1>Bad gateway</h1>");
  expect(asked).toHaveLength(3);
});

test("[M1] a busy server is asked again, and not for ever", async () => {
  answers = [BUSY, { ...BUSY, status: 429 }];
  await client().startBackfill("m", { from: "now-1d" });
  expect(asked).toHaveLength(3);
  answers = Array.from({ length: 9 }, () => BUSY);
  await expect(client().change([METRIC])).rejects.toThrow("was answered 503: busy");
  expect(asked).toHaveLength(3 + 5);
});

test("[M1] a request to a busy server may have been carried out: what is there by then is looked at again", async () => {
  const stored: Answer = { status: 200, body: '{"name":"a:b","event":"e"}', headers: { etag: '"t"' } };
  answers = [NONE, BUSY, stored];
  await client().change([METRIC]);
  expect(asked.at(-1)).toContain('"ifMatch":"\\"t\\""');
  answers = [NONE, BUSY, { ...stored, body: '{"name":"a:b","event":"theirs"}' }];
  await expect(client().change([METRIC])).rejects.toThrow("the metric 'a:b' was made by somebody else");
  expect(asked.filter((request) => request.startsWith("POST"))).toHaveLength(3);
});

test.each(["<!doctype html>", "{}", "null"])("[M1] %s is not taken for a definition", async (body) => {
  answers = [{ status: 200, body }];
  await expect(client().change([METRIC])).rejects.toThrow("without a definition: is it Freshet?");
  expect(asked).toHaveLength(1);
});

test.each(["<!doctype html>", "{}", '{"metrics":{}}', '{"metrics":[7]}', "null"])(
  "[M1] what answers %s is not taken for Freshet",
  async (body) => {
    answers = [{ status: 200, body }];
    await expect(client().list("metrics")).rejects.toThrow("without a list of metrics: is it Freshet?");
  },
);

test("[M1] says that a server cannot be reached, answers nothing, or that it was broken off", async () => {
  const nowhere = client({ url: "http://127.0.0.1:1" });
  await expect(nowhere.list("metrics")).rejects.toThrow(
    /http:\/\/127\.0\.0\.1:1 does not answer: .*(ECONNREFUSED|bad port)/,
  );
  answers = ["hang", "hang", "drop"];
  await expect(client({ timeoutMs: 50 }).change([METRIC])).rejects.toThrow("no answer in 50 ms");
  const stopping = new AbortController();
  const put = client({ signal: stopping.signal }).change([METRIC]);
  setTimeout(() => stopping.abort(), 30);
  await expect(put).rejects.toThrow("GET /v1/catalog/metrics/a%3Ab was broken off");
  await expect(client().change([METRIC])).rejects.toThrow("does not answer");
});

test("[M1] no longer waits for a busy server once it is broken off", async () => {
  answers = [{ ...BUSY, headers: { "retry-after": "10" } }];
  const stopping = new AbortController();
  const put = client({ signal: stopping.signal }).change([METRIC]);
  setTimeout(() => stopping.abort(), 50);
  await expect(put).rejects.toThrow("was broken off");
});
