import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { BackfillStatus } from "../../protocol/backfill.ts";
import type { MetricSource } from "../../protocol/metric.ts";
import type { QueryAnswer, Series } from "../../protocol/series.ts";
import { Freshet } from "../helpers/freshet.ts";

const EVENTS = 1_000_000;
const BATCH = 10_000;
const CONNECTIONS = 4;
const KILLS = 3;
/** The events' time: the two hours before the test. */
const SPAN_MS = 2 * 3_600_000;

const DEFINITIONS = [
  { aggregate: "count", window: { type: "tumbling", size: "1s" }, groupBy: ["page"] },
  { aggregate: "p95(value)", window: { type: "tumbling", size: "10s" }, groupBy: ["page"] },
  { aggregate: "uniques(user)", window: { type: "sliding", size: "20s", every: "2s" } },
  { aggregate: "avg(value)", window: { type: "sliding", size: "30s", every: "10s" }, where: "page != 'p3'" },
  { aggregate: "avg(duration)", window: { type: "session", gap: "20s", every: "10s" }, where: "value < 100" },
  { aggregate: "sum(value)", window: { type: "tumbling", size: "5s" }, groupBy: ["user"], shards: 2 },
] satisfies Partial<MetricSource>[];

function metric(prefix: string, i: number, lateness: string): MetricSource {
  return { event: "view", delay: "1s", lateness, name: `${prefix}_${i}`, ...DEFINITIONS[i] } as MetricSource;
}

function batchOf(batch: number, startMs: number, spanMs: number, count = BATCH): string {
  const lines: string[] = [];
  for (let i = 0; i < count; i++) {
    const n = batch * BATCH + i;
    const ts = startMs + Math.floor((i / count) * spanMs) + (n % 97);
    const random = Math.imul(n, 0x9e3779b1) >>> 8;
    const [user, value, page] = [`u${random % 300}`, n % 1_000, `p${n % 4}`];
    lines.push(`{"name":"view","ts":${ts},"user":"${user}","value":${value},"props":{"page":"${page}"}}`);
  }
  return lines.join("\n");
}

/** A request, again and again while the server is being started again. */
async function ask<T>(freshet: Freshet, path: string, init: RequestInit = {}): Promise<T> {
  for (let tries = 0; ; tries++) {
    try {
      const response = await freshet.fetch(path, { ...init, signal: AbortSignal.timeout(15_000) });
      const text = await response.text();
      if (response.ok) return JSON.parse(text) as T;
      if (response.status < 500 || tries === 60) throw new Error(`refused: ${response.status} ${text}`);
    } catch (error) {
      if (tries === 60 || (error instanceof Error && error.message.startsWith("refused"))) throw error;
    }
    await sleep(500);
  }
}

async function backfillsOf(freshet: Freshet, name: string): Promise<BackfillStatus[]> {
  const path = `/v1/catalog/metrics/${name}/backfill`;
  return (await ask<{ backfills: BackfillStatus[] }>(freshet, path)).backfills;
}

async function backfillOf(freshet: Freshet, name: string): Promise<BackfillStatus> {
  const [newest] = await backfillsOf(freshet, name);
  if (newest === undefined) throw new Error(`${name} has no backfill`);
  return newest;
}

async function until<T>(
  read: () => Promise<T>,
  isDone: (value: T) => boolean,
  timeoutMs: number,
): Promise<T> {
  const deadlineMs = Date.now() + timeoutMs;
  for (;;) {
    const value = await read();
    if (isDone(value) || Date.now() > deadlineMs) return value;
    await sleep(300);
  }
}

/** `group end` to value. */
async function points(
  freshet: Freshet,
  name: string,
  fromMs: number,
  toMs: number,
): Promise<Map<string, unknown>> {
  const { window } = DEFINITIONS[Number(name.split("_")[1])] as (typeof DEFINITIONS)[number];
  const step = "every" in window ? window.every : window.size;
  const path = `/v1/query?metric=${name}&from=${fromMs}&to=${toMs}&step=${step}`;
  const { series } = await ask<QueryAnswer>(freshet, path);
  return new Map(series.flatMap(valuesOf));
}

function valuesOf({ group, t, v }: Series): [string, unknown][] {
  return t.map((end, i) => [`${JSON.stringify(group)} ${end}`, v[i]]);
}

/** Names and values that differ, the first ten. */
function differences(a: ReadonlyMap<string, unknown>, b: ReadonlyMap<string, unknown>): string[] {
  const names = new Set([...a.keys(), ...b.keys()]);
  const isSame = (x: unknown, y: unknown): boolean =>
    x === y || (typeof x === "number" && typeof y === "number" && Math.abs(x - y) <= 1e-12 * Math.abs(x));
  return [...names]
    .filter((name) => !isSame(a.get(name), b.get(name)))
    .map((name) => `${name}: ${JSON.stringify(a.get(name))} instead of ${JSON.stringify(b.get(name))}`)
    .slice(0, 10);
}

/** Late events of the metrics that were there from the start: none, or they prove nothing. */
function lateOf(text: string, prefix: string): number {
  const found = text.matchAll(/^freshet_events_late_total\{.*metric="(\w+)".*\} (\d+)$/gm);
  return [...found].reduce((sum, [, name, late]) => sum + (name?.startsWith(prefix) ? Number(late) : 0), 0);
}

function isEnded({ state }: BackfillStatus): boolean {
  return state !== "running" && state !== "waiting";
}

/** Events of now, until it is told to stop. Returns how many batches. */
async function sendLive(freshet: Freshet, stop: AbortSignal): Promise<number> {
  let batches = 0;
  for (; !stop.aborted; batches++) {
    await freshet.post(`live${batches}`, batchOf(1_000 + batches, Date.now() - 200, 100, 100));
    await sleep(250);
  }
  return batches;
}

describe("[C4] a million events", () => {
  let freshet: Freshet;
  const startMs = Math.floor(Date.now() / 60_000) * 60_000 - SPAN_MS;

  beforeAll(async () => {
    // The events' time runs faster than the clock: partitions do not count as idle while they are sent.
    freshet = await Freshet.start({ env: { ARCHIVE_EVERY_MS: "2000", IDLE_PARTITION_MS: "30000" } });
  });
  afterAll(() => freshet?.stop());

  it("[C4] before a metric was added are in it as if it had been there, killed in the middle, live events coming", async () => {
    for (const i of DEFINITIONS.keys()) await freshet.putMetric(metric("whole", i, "30m"));
    const beganMs = Date.now();
    let next = 0;
    const batches = EVENTS / BATCH;
    const sliceMs = (SPAN_MS - 120_000) / batches;
    const send = async () => {
      while (next < batches) {
        const batch = next++;
        const { accepted } = await freshet.post(
          `b${batch}`,
          batchOf(batch, startMs + batch * sliceMs, sliceMs),
        );
        expect(accepted).toBe(BATCH);
      }
    };
    await Promise.all(Array.from({ length: CONNECTIONS }, send));
    const health = await until(
      () => ask<{ lag?: number; archiveLag?: number }>(freshet, "/healthz"),
      ({ lag, archiveLag }) => lag === 0 && archiveLag === 0,
      120_000,
    );
    expect(health).toMatchObject({ lag: 0, archiveLag: 0 });
    const archivedMs = Date.now();
    for (const i of DEFINITIONS.keys()) await freshet.putMetric(metric("fresh", i, "5s"));
    const live = new AbortController();
    const sending = sendLive(freshet, live.signal);
    const names = [...DEFINITIONS.keys()].map((i) => `fresh_${i}`);
    const init = { method: "POST", body: JSON.stringify({ from: startMs - 60_000 }) };
    const begin = (name: string) => ask(freshet, `/v1/catalog/metrics/${name}/backfill`, init);
    const [first = "", ...others] = names;
    await begin(first);
    // One whose answer is lost is asked for again, and is the same.
    const begun = Promise.all(others.map(begin));
    const killedMs: number[] = [];
    for (let kills = 0; kills < KILLS; kills++) {
      await sleep(700);
      killedMs.push(Date.now());
      freshet.killWorkerd();
      await ask(freshet, "/healthz");
    }
    await begun;
    let unfinished = 0;
    for (const name of names) {
      const done = await until(() => backfillOf(freshet, name), isEnded, 120_000);
      console.log(`${name}: ${JSON.stringify(done)}`);
      expect(done, JSON.stringify(done)).toMatchObject({ state: "done", progress: 1, filesGone: 0 });
      const { createdAt, updatedAt } = done;
      unfinished += killedMs.filter((ms) => ms > createdAt && ms < updatedAt).length;
    }
    expect(unfinished).toBeGreaterThan(0);
    live.abort();
    expect(await sending).toBeGreaterThan(2);
    const backfilledMs = Date.now();
    const lost = await freshet.fetch("/metrics");
    expect(lateOf(await lost.text(), "whole")).toBe(0);
    for (const i of DEFINITIONS.keys()) {
      const toMs = backfilledMs - 20_000;
      const wanted = await points(freshet, `whole_${i}`, startMs - 60_000, toMs);
      expect(wanted.size).toBeGreaterThan(100);
      const got = await points(freshet, `fresh_${i}`, startMs - 60_000, toMs);
      expect(differences(got, wanted), `metric ${i}`).toEqual([]);
    }
    console.log(
      `${EVENTS} events taken and archived in ${archivedMs - beganMs} ms, ${DEFINITIONS.length} metrics backfilled in ${backfilledMs - archivedMs} ms, ${unfinished} times killed before one was done`,
    );
  }, 400_000);
});
