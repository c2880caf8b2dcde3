import { createServer, type Server } from "node:http";
import { afterEach, describe, expect, it } from "vitest";
import { parseMetric } from "../../protocol/metric.ts";
import { HotPoints } from "./hot-points.ts";

const METRIC = parseMetric("m", { event: "e", aggregate: "count", window: { type: "tumbling", size: "1s" } });

let server: Server | undefined;
afterEach(() => void server?.close());

/** What is read of a store that gives this answer. */
async function readFrom(status: number, body: string): Promise<unknown> {
  if (!METRIC.ok) throw new Error(METRIC.message);
  server = createServer((_, response) => response.writeHead(status).end(body));
  await new Promise<void>((resolve) => server?.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = typeof address === "object" ? address?.port : 0;
  const points = new HotPoints({ queryUrl: `http://127.0.0.1:${port}` }, "p");
  return points.read(METRIC.value, { tier: "hot", source: "store", afterMs: 0, untilMs: 5_000 }, 1_000);
}

describe("[S2] points of the hot store", () => {
  it("[S2] are those in the span, whatever else the store gives", async () => {
    const values = [
      [0, "1"],
      [1, "2"],
      [5, "3"],
      [6, "4"],
    ];
    const data = {
      resultType: "matrix",
      result: [{ metric: { __name__: "m", freshet_project: "p" }, values }],
    };
    expect(await readFrom(200, JSON.stringify({ status: "success", data }))).toEqual([
      { group: {}, t: [1_000, 5_000], v: [2, 3], s: [3, 3] },
    ]);
  });

  it.each([
    [200, "<html>", "the hot store's answer is not Prometheus's"],
    [200, "{}", "the hot store's answer is not Prometheus's"],
    [422, "{}", "the hot store answers with 422"],
  ])("[S2] %i %s is an error that says so", async (status, body, message) => {
    await expect(readFrom(status, body)).rejects.toMatchObject({ status: 503, message });
  });
});
