import { env, exports } from "cloudflare:workers";
import { evictDurableObject } from "cloudflare:test";
import { describe, expect, it } from "vitest";
import type { BackfillStatus } from "../../protocol/backfill.ts";
import type { SnapshotMessage } from "../../protocol/live.ts";
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
  { aggregate: "histogram(value)", window: { type: "sliding", size: "20s", every: "10s" }, groupBy: ["g"] },
  { aggregate: "avg(duration)", window: { type: "session", gap: "20s", every: "10s" }, groupBy: ["g"] },
  { aggregate: "sum(value)", window: { type: "tumbling", size: "5s" }, groupBy: ["user"], shards: 3 },
  {
    aggregate: "max(value)",
    window: { type: "sliding", size: "20s", every: "10s" },
    groupBy: ["g"],
    shards: 2,
  },
] satisfies Partial<MetricSource>[];

const COUNT = {
  name: "count",
  event: "e",
  aggregate: "count",
  window: { type: "tumbling", size: "1s" },
} satisfies MetricSource;

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

function sumOf(events: readonly Sent[]): number {
  return events.reduce((sum, { name, value }) => sum + (name === "e" ? value : 0), 0);
}

function countOf(events: readonly Sent[]): number {
  return events.filter(({ name }) => name === "e").length;
}

/** Waits until what comes for the span is late for who allows no lateness. */
async function allSealed(project: TestProject, metric: string, span: { from: number; to: number }) {
  const states = async () => {
    const { series } = await project.query(metric, `&from=${span.from}&to=${span.to}&step=1s`);
    return series.flatMap(({ s }) => s);
  };
  await expect
    .poll(states, { timeout: 30_000 })
    .toSatisfy((all: number[]) => all.length > 0 && all.every((s) => s === 3));
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
    // What is sealed by the end: a backfill without an end waits for the seam with live aggregation.
    const span = { from: nowMs - 3 * HOUR_MS, to: nowMs - 30_000 };
    const over = `&from=${span.from}&to=${span.to}&step=1s`;
    await project.post(events.slice(0, 300), "a");
    await project.post(events.slice(300, 600), "b");
    await project.post(events.slice(300, 600), "b");
    await project.sumWhen("whole0", countOf(events.slice(0, 600)), over);
    await allSealed(project, "strict0", { ...span, to: nowMs - 2 * 60_000 });
    await archiveAll();
    const fresh = strict.map((metric, i) => ({ ...metric, name: `fresh${i}` }));
    await Promise.all(fresh.map((metric) => define(project, metric)));
    await project.post(events.slice(600), "c");
    await project.sumWhen("whole0", countOf(events), over);
    for (const [i] of DEFINITIONS.entries()) {
      const metrics = [`fresh${i}`, `strict${i}`];
      const wanted = await points(project, `whole${i}`, span.from, span.to);
      expect(wanted.length).toBeGreaterThan(0);
      for (const metric of metrics) {
        expect(await points(project, metric, span.from, span.to), metric).not.toEqual(wanted);
        const { id } = await start(project, metric, span);
        const done = await ended(project, metric, id);
        expect(done, JSON.stringify(done)).toMatchObject({ state: "done", progress: 1, filesGone: 0 });
        expect(await points(project, metric, span.from, span.to), metric).toEqual(wanted);
      }
    }
  }, 180_000);

  it("[C4] goes on beside live events, and after its object was evicted again and again", async () => {
    const nowMs = Date.now();
    const common = { event: "e", delay: "0s", groupBy: ["g"], aggregate: "sum(value)" };
    const window = { type: "tumbling", size: "2s" } as const;
    const project = await TestProject.with({ ...common, window, name: "whole", lateness: "1d" });
    const events = past(nowMs, 2_000, 5 * HOUR_MS, 3);
    await project.post(events);
    await project.sumWhen("whole", sumOf(events), `&from=${nowMs - 6 * HOUR_MS}&to=${nowMs}&step=2s`);
    await archiveAll();
    await define(project, { ...common, window, name: "fresh", lateness: "5s" });
    const { id } = await start(project, "fresh", { from: nowMs - 6 * HOUR_MS });
    const backfill = env.BACKFILL.getByName(project.name);
    for (let tries = 0; tries < 12; tries++) {
      const live = past(Date.now() + 60_000, 50, 1_000, tries + 1);
      await project.post(live);
      await evictDurableObject(backfill);
      await backfill.wake();
      await scheduler.wait(200);
    }
    expect(await ended(project, "fresh", id)).toMatchObject({ state: "done" });
    const toMs = Math.floor(Date.now() / 2_000) * 2_000 - 2_000;
    const wanted = await points(project, "whole", nowMs - 6 * HOUR_MS, toMs);
    expect(wanted.length).toBeGreaterThan(1_000);
    expect(await points(project, "fresh", nowMs - 6 * HOUR_MS, toMs)).toEqual(wanted);
  }, 60_000);

  it.each([1, 2])(
    "[C4][L3] gives whoever watches the metric, or a view of it, a new picture (shards: %i)",
    async (shards) => {
      const nowMs = Date.now();
      const window = { type: "tumbling", size: "1s" } as const;
      const metric = { ...COUNT, window, name: "fresh", delay: "0s", lateness: "0s", groupBy: ["g"], shards };
      const project = await TestProject.with(COUNT);
      const events = past(nowMs, 300, HOUR_MS / 2);
      await project.post(events);
      await archiveAll();
      await define(project, metric);
      const change = { change: { metric: "fresh", ago: "1m", as: "absolute" } };
      expect((await request(project, "PUT", "change", change)).status).toBe(200);
      const live = await project.live();
      for (const name of ["fresh", "change"])
        live.send({ type: "subscribe", id: name, metric: name, range: "1h" });
      const [first, second] = [await live.next<SnapshotMessage>(), await live.next<SnapshotMessage>()];
      expect([first.series, second.series]).toEqual([[], []]);
      const { id } = await start(project, "fresh", { from: nowMs - HOUR_MS, to: nowMs - 30_000 });
      expect(await ended(project, "fresh", id)).toMatchObject({ state: "done" });
      const wanted = await points(project, "fresh", nowMs - HOUR_MS, nowMs);
      expect(wanted.length).toBeGreaterThan(100);
      const pictures = new Map<string, Series[]>();
      for (let tries = 0; tries < 50 && pictures.size < 2; tries++) {
        await scheduler.wait(100);
        for (const text of live.takeArrived()) {
          const message = JSON.parse(text) as SnapshotMessage;
          if (message.type === "snapshot") pictures.set(message.id, message.series);
        }
      }
      expect(pointsOf(pictures.get("fresh") ?? [])).toEqual(wanted);
      expect(pointsOf(pictures.get("change") ?? []).length).toBeGreaterThan(100);
    },
    30_000,
  );

  it("[C4] waits, is cancelled, and is told of", async () => {
    const project = await TestProject.with({ ...COUNT, lateness: "1h" });
    await project.post(past(Date.now(), 20, 60_000));
    await project.sumWhen("count", 17);
    const from = Date.now() - 30 * 60_000;
    const started = await start(project, "count", { from, to: Date.now() });
    expect(started).toMatchObject({ id: 1, metric: "count", state: "waiting", progress: 0 });
    for (let tries = 0; tries < 50 && (await list(project, "count"))[0]?.reason === undefined; tries++) {
      await scheduler.wait(100);
    }
    const [waiting] = await list(project, "count");
    expect(waiting?.reason).toMatch(
      /^windows up to 20.*Z are to be sealed first; by now they are up to 20.*Z$/,
    );
    const cancelled = await request(project, "DELETE", "count/backfill/1");
    expect([cancelled.status, await cancelled.json()]).toEqual([
      200,
      expect.objectContaining({ state: "cancelled", points: 0 }),
    ]);
    expect(await list(project, "count")).toMatchObject([{ id: 1, state: "cancelled" }]);
    expect((await request(project, "DELETE", "count/backfill/2")).status).toBe(404);
    expect((await request(project, "DELETE", "count/backfill/x")).status).toBe(400);
  });

  it.each([
    ["count", {}, 400, "from is nothing; expected epoch milliseconds, ISO 8601 or now-7d"],
    ["count", { from: "now-1h", until: 3 }, 400, 'unknown field "until"; a backfill has from and to'],
    ["count", { from: "now-500d" }, 400, "366 days"],
    ["count", { from: "now-1h", to: "now-2h" }, 400, "not before"],
    ["count", { from: "now-1h", to: 32_503_680_000_000 }, 400, "to is 32503680000000, in the future"],
    ["nothing", { from: "now-1h" }, 404, "there is no metric 'nothing'"],
    ["change", { from: "now-1h" }, 422, "'change' is a view"],
  ])("[C4] of %s over %j is refused", async (metric, body, status, message) => {
    const project = await TestProject.with(COUNT);
    const view = { change: { metric: "count", ago: "1h" } };
    const put = await request(project, "PUT", "change", view);
    expect(put.status, await put.text()).toBe(200);
    const response = await request(project, "POST", `${metric}/backfill`, body);
    const answer = await response.json<{ message: string }>();
    expect(answer.message).toContain(message);
    expect(response.status).toBe(status);
  });

  it("[C4] of a read key is refused, and so are more than eight at a time", async () => {
    const project = await TestProject.with({ ...COUNT, lateness: "1h" });
    const url = "http://freshet.test/v1/catalog/metrics/count/backfill";
    const init = { method: "POST", body: JSON.stringify({ from: "now-1h" }) };
    const reader = await exports.default.fetch(url, {
      ...init,
      headers: { "x-api-key": project.key("read") },
    });
    expect(reader.status).toBe(403);
    for (let i = 0; i < 8; i++) await start(project, "count", { from: `now-${i + 2}h` });
    const ninth = await request(project, "POST", "count/backfill", { from: "now-1h" });
    expect([ninth.status, await ninth.json()]).toEqual([
      409,
      expect.objectContaining({
        error: "too_many_backfills",
        message: expect.stringContaining("8") as string,
      }),
    ]);
    for (const { id } of await list(project, "count"))
      await request(project, "DELETE", `count/backfill/${id}`);
  });
});
