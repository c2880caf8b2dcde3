import { env, exports } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import type { BackfillStatus } from "../../protocol/backfill.ts";
import type { MetricSource } from "../../protocol/metric.ts";
import type { Series } from "../../protocol/series.ts";
import { archiveAll } from "./archive-all.ts";
import { TestProject } from "./project.ts";

const HOUR_MS = 3_600_000;
const DEFINITIONS = [
  { aggregate: "count", window: { type: "tumbling", size: "1s" }, groupBy: ["g"] },
  { aggregate: "p95(value)", window: { type: "tumbling", size: "10s" } },
  { aggregate: "uniques(user)", window: { type: "sliding", size: "1m", every: "5s" } },
  { aggregate: "topk(2, g)", window: { type: "tumbling", size: "7s" }, where: "value > 3" },
  { aggregate: "avg(duration)", window: { type: "session", gap: "20s", every: "10s" }, groupBy: ["g"] },
  { aggregate: "sum(value)", window: { type: "tumbling", size: "5s" }, groupBy: ["user"], shards: 3 },
  {
    aggregate: "max(value)",
    window: { type: "sliding", size: "20s", every: "10s" },
    groupBy: ["g"],
    shards: 2,
  },
] satisfies Partial<MetricSource>[];

type Sent = { name: string; ts: number; value: number; user: string; props: { g: string } };

/** Events of some hours, in no order. */
function past(nowMs: number, count: number, spanMs: number, seed = 1): Sent[] {
  return Array.from({ length: count }, (_, i) => ({
    name: i % 7 === 0 ? "other" : "e",
    ts: Math.floor(nowMs - 60_000 - ((i * 7_919 * seed) % 9_973) * (spanMs / 9_973)),
    value: (i * seed) % 10,
    user: `u${i % 17}`,
    props: { g: `g${i % 3}` },
  }));
}

async function request(project: TestProject, method: string, path: string, body?: object): Promise<Response> {
  return exports.default.fetch(`http://freshet.test/v1/catalog/metrics/${path}`, {
    method,
    headers: { authorization: `Bearer ${project.key("admin")}` },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
}

async function start(project: TestProject, metric: string, body: object): Promise<BackfillStatus> {
  const response = await request(project, "POST", `${metric}/backfill`, body);
  const text = await response.text();
  expect(response.status, text).toBe(202);
  return JSON.parse(text) as BackfillStatus;
}

async function list(project: TestProject, metric: string): Promise<BackfillStatus[]> {
  const answer = await request(project, "GET", `${metric}/backfill`);
  return (await answer.json<{ backfills: BackfillStatus[] }>()).backfills;
}

/** The backfill once it has come to an end. */
async function ended(project: TestProject, metric: string, id: number): Promise<BackfillStatus> {
  let last: BackfillStatus | undefined;
  for (let tries = 0; tries < 600; tries++) {
    last = (await list(project, metric)).find((backfill) => backfill.id === id);
    if (last?.state !== "waiting" && last?.state !== "running") break;
    await scheduler.wait(100);
  }
  if (last === undefined) throw new Error(`there is no backfill ${id} of ${metric}`);
  return last;
}

async function define(project: TestProject, source: MetricSource): Promise<void> {
  await env.CATALOG.getByName("catalog").putMetric(project.name, source);
}

function pointsOf(series: readonly Series[]): string[] {
  return series
    .flatMap(({ group, t, v }) => t.map((end, i) => `${JSON.stringify(group)} ${end} ${v[i]}`))
    .sort();
}

async function points(project: TestProject, metric: string, fromMs: number, toMs: number): Promise<string[]> {
  const step = (await request(project, "GET", metric)).json<MetricSource>();
  const { window } = await step;
  const answer = await project.query(
    metric,
    `&from=${fromMs}&to=${toMs}&step=${window.every ?? window.size}`,
  );
  expect(answer.series, JSON.stringify(answer)).toBeDefined();
  return pointsOf(answer.series);
}

describe("[C4] a backfill", () => {
  it("[C4] makes a new metric, and one that has dropped late events, what one is that had them all", async () => {
    const nowMs = Date.now();
    const whole = DEFINITIONS.map((definition, i) => {
      return { ...definition, name: `whole${i}`, event: "e", delay: "0s", lateness: "1d" };
    });
    const strict = whole.map((metric, i) => ({ ...metric, name: `strict${i}`, lateness: "0s" }));
    const project = await TestProject.with(...whole, ...strict);
    const events = past(nowMs, 900, 2.2 * HOUR_MS);
    await project.post(events.slice(0, 300), "a");
    await project.post(events.slice(300, 600), "b");
    await project.post(events.slice(300, 600), "b");
    await archiveAll();
    const fresh = strict.map((metric, i) => ({ ...metric, name: `fresh${i}` }));
    await Promise.all(fresh.map((metric) => define(project, metric)));
    await project.post(events.slice(600), "c");
    await project.sumWhen("whole0", events.filter(({ name }) => name === "e").length);
    const span = { from: nowMs - 3 * HOUR_MS };
    for (const [i] of DEFINITIONS.entries()) {
      const metrics = [`fresh${i}`, `strict${i}`];
      const wanted = await points(project, `whole${i}`, span.from, nowMs - 30_000);
      expect(wanted.length).toBeGreaterThan(0);
      for (const metric of metrics) {
        expect(await points(project, metric, span.from, nowMs - 30_000), metric).not.toEqual(wanted);
        const { id } = await start(project, metric, span);
        const done = await ended(project, metric, id);
        expect(done, JSON.stringify(done)).toMatchObject({ state: "done", progress: 1, filesGone: 0 });
        expect(await points(project, metric, span.from, nowMs - 30_000), metric).toEqual(wanted);
      }
    }
  }, 180_000);
});
