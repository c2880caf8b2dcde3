import { env, exports } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import type { MetricSource } from "../../protocol/metric.ts";
import type { QueryAnswer, Series } from "../../protocol/series.ts";
import { archiveAll } from "./archive-all.ts";
import { TestProject } from "./project.ts";

const HOUR_MS = 3_600_000;
const DEFINITIONS = [
  { aggregate: "count", window: { type: "tumbling", size: "10s" }, groupBy: ["g"] },
  { aggregate: "p95(value)", window: { type: "tumbling", size: "1m" } },
  { aggregate: "uniques(user)", window: { type: "sliding", size: "1m", every: "10s" } },
  { aggregate: "topk(2, g)", window: { type: "tumbling", size: "1h" }, where: "value > 3" },
  { aggregate: "histogram(value)", window: { type: "tumbling", size: "1m" }, groupBy: ["g"] },
  { aggregate: "avg(duration)", window: { type: "session", gap: "1m", every: "10m" } },
] satisfies Partial<MetricSource>[];

async function ask(project: TestProject, question: object, accept = "application/json"): Promise<Response> {
  return exports.default.fetch("http://freshet.test/v1/explore", {
    method: "POST",
    headers: { authorization: `Bearer ${project.key("read")}`, accept },
    body: JSON.stringify(question),
  });
}

function points(series: readonly Series[]): string[] {
  return series
    .flatMap(({ group, t, v }) => t.map((end, i) => `${JSON.stringify(group)} ${end} ${v[i]}`))
    .sort();
}

describe("[S4] questions over past events", () => {
  it("[S4] are answered from archive and log as the metric would have, had it been there", async () => {
    const nowMs = Date.now();
    const metrics = DEFINITIONS.map((definition, i): MetricSource => {
      return { ...definition, name: `m${i}`, event: "e", delay: "0s", lateness: "1d" };
    });
    const project = await TestProject.with(...metrics);
    const events = Array.from({ length: 600 }, (_, i) => ({
      name: i % 7 === 0 ? "other" : "e",
      ts: nowMs - 2.5 * HOUR_MS + ((i * 7_919) % 9_000) * 1_000,
      value: i % 10,
      user: `u${i % 17}`,
      props: { g: `g${i % 3}` },
    }));
    for (const [at, copy] of [
      [0, "a"],
      [200, "b"],
      [200, "b"],
    ] as const) {
      await project.post(events.slice(at, at + 200), copy);
    }
    await archiveAll();
    await project.post(events.slice(400), "c");
    const wanted = events.filter(({ name }) => name === "e").length;
    await project.sumWhen("m0", wanted, `&from=${nowMs - 3 * HOUR_MS}&to=${nowMs}`);
    const files = await Promise.all(
      [0, 1, 2, 3].map((p) => env.ARCHIVER.getByName(String(p)).files(project.name, 0, nowMs)),
    );
    expect(files.flatMap((listing) => listing.files).length).toBeGreaterThan(2);
    for (const [i, definition] of DEFINITIONS.entries()) {
      // Live, a window comes into view when its last step begins: the newest ones may not have yet.
      const span = { from: nowMs - 3 * HOUR_MS, to: nowMs - 120_000 };
      const answer = await ask(project, { ...definition, event: "e", ...span });
      expect(answer.status, JSON.stringify(definition)).toBe(200);
      const explored: QueryAnswer = await answer.json();
      const live = await project.query(`m${i}`, `&from=${span.from}&to=${span.to}`);
      const past = live.series.map((series) => upTo(series, span.to));
      expect(points(explored.series), JSON.stringify(definition)).toEqual(points(past));
      expect(explored.series.length).toBeGreaterThan(0);
    }
  }, 60_000);

  it("[S4] tells how far it has come, where that is asked for", async () => {
    const project = await TestProject.with();
    await project.post([{ name: "e", ts: Date.now() - 10_000 }]);
    await archiveAll();
    const question = {
      event: "e",
      aggregate: "count",
      window: { type: "tumbling", size: "1s" },
      from: "now-1h",
    };
    const response = await ask(project, question, "application/x-ndjson");
    const lines = (await response.text())
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as object);
    expect(lines[0]).toEqual({ progress: 1 });
    expect(lines.at(-1)).toMatchObject({ metric: "explored", series: [{ v: [1] }] });
  });

  it.each([
    [{ event: "e" }, "aggregate is nothing; expected count"],
    [
      { event: "e", aggregate: "count", window: { type: "tumbling", size: "1s" }, from: "now-32d" },
      "31 days",
    ],
    [
      { event: "e", aggregate: "count", window: { type: "tumbling", size: "1s" }, from: "now-1d" },
      "ask for 86400 points a series; the bound is 11000",
    ],
    [
      { event: "e", aggregate: "count", window: { type: "tumbling", size: "2s" }, step: "3s" },
      'step is "3s"; expected',
    ],
    [
      { event: "e", aggregate: "count", window: { type: "tumbling", size: "1s" }, from: "x" },
      'from is "x"; expected',
    ],
  ])("[S4] %j is refused", async (question, message) => {
    const response = await ask(await TestProject.with(), question);
    expect(response.status).toBe(400);
    expect((await response.json<{ message: string }>()).message).toContain(message);
  });
});

function upTo({ group, t, v, s }: Series, toMs: number): Series {
  const count = t.filter((end) => end <= toMs).length;
  return { group, t: t.slice(0, count), v: v.slice(0, count), s: s.slice(0, count) };
}
