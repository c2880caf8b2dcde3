import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Event } from "../../protocol/event.ts";
import type { MetricSource } from "../../protocol/metric.ts";
import type { QueryAnswer, Series } from "../../protocol/series.ts";
import type { ViewSource } from "../../protocol/view.ts";
import { seededRandom } from "../../tools/demo/randomness.ts";
import { ServiceUnavailableError } from "../../tools/services/processes.ts";
import { type Prometheus, startPrometheus } from "../../tools/services/prometheus.ts";
import { startVictoriaMetrics, type VictoriaMetrics } from "../../tools/services/victoria-metrics.ts";
import { copyArchive, duckdb } from "../helpers/archive-objects.ts";
import { Freshet } from "../helpers/freshet.ts";
import {
  AGO_MS,
  HISTORY_MS,
  TIER_METRICS,
  TIER_VIEWS,
  tierHistory,
  tierMetric,
} from "../helpers/tier-history.ts";
import { answerFaults, type ExpectedSteps, expectedSteps } from "../oracle/answer-faults.ts";
import { groupName } from "../oracle/metric-oracle.ts";
import { expectedChange, expectedRatio } from "../oracle/view-oracle.ts";

const SEED = 20_261_126;
const MINUTE = 60_000;
/** Points of windows of 100 ms are kept as they were sealed for so long: 11,000 of them. */
const FINE_MS = 1_100_000;
/** All points are kept for so long, the older ones by the minute; beyond it there is the archive. */
const RETENTION_MS = 39 * MINUTE;
const ENV = {
  PARTITIONS: "1",
  LIVE_FINE_MS: "1000",
  LIVE_RETENTION_MS: String(RETENTION_MS),
  ARCHIVE_POINTS_EVERY_MS: "1000",
  ARCHIVE_EVERY_MS: "1000",
};

const dir = mkdtempSync(join(tmpdir(), "freshet-tiers-"));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

/** A store that this machine may not have: then its servers are left out, and that is said. */
async function orAbsent<T>(starting: Promise<T>): Promise<T | undefined> {
  try {
    return await starting;
  } catch (error) {
    if (!(error instanceof ServiceUnavailableError)) throw error;
    console.log(`SKIPPED: tiers over a hot store: ${error.message}`);
    expect(process.env["REQUIRE_SERVICES"]).not.toBe("1");
    return undefined;
  }
}

interface Question {
  metric: string;
  fromMs: number;
  toMs: number;
  stepMs?: number;
}

type Answer = QueryAnswer & { read?: { requests: number; bytes: number } };

/** One server with the history, settled. */
class Side {
  readonly name: string;
  readonly freshet: Freshet;
  readonly kills: number;
  #ticks = 0;

  constructor(name: string, freshet: Freshet, kills: number) {
    this.name = name;
    this.freshet = freshet;
    this.kills = kills;
  }

  static async start(name: string, env: Record<string, string>, kills: number): Promise<Side> {
    const freshet = await Freshet.start({ state: join(dir, name), env: { ...ENV, ...env } });
    return new Side(name, freshet, kills);
  }

  async define(lateness: string): Promise<void> {
    for (const metric of TIER_METRICS) await this.#put({ ...metric, lateness });
    for (const view of TIER_VIEWS) await this.#put(view);
  }

  /** Feeds the history, seals it, and waits until all of it is wherever it is to go. */
  async fill(events: readonly Event[]): Promise<void> {
    await this.define("1h");
    for (let i = 0; i < events.length; i += 1_000) {
      const lines = events.slice(i, i + 1_000).map((event) => JSON.stringify(event));
      for (let copy = 0; copy < 2; copy++) await this.freshet.post(`batch-${i}`, lines.join("\n"));
    }
    await this.#until("all is read", async () => (await this.#clicks()) === events.length);
    await this.define("0s");
    for (let kill = 0; kill < this.kills; kill++) {
      await this.#tick();
      await sleep(20 + kill * 150);
      this.freshet.killWorkerd();
    }
    const endMs = events.at(-1)?.ts ?? 0;
    await this.#until("all is settled", async () => {
      await this.#tick();
      const question = { metric: "clicks", fromMs: endMs - HISTORY_MS, toMs: endMs - RETENTION_MS };
      const { read } = await this.ask({ ...question, stepMs: 15 * MINUTE });
      return (read?.requests ?? 0) > 0 && !/_points_waiting\{[^}]*\} [1-9]/.test(await this.#counters());
    });
  }

  async ask({ metric, fromMs, toMs, stepMs }: Question): Promise<Answer> {
    const parameters = new URLSearchParams({ metric, from: String(fromMs), to: String(toMs) });
    if (stepMs !== undefined) parameters.set("step", String(stepMs));
    const response = await this.freshet.fetch(`/v1/query?${parameters.toString()}`, {}, "demo-read");
    const text = await response.text();
    if (response.status !== 200) throw new Error(`${this.name}: ${response.status} ${text}`);
    return JSON.parse(text) as Answer;
  }

  async #clicks(): Promise<number> {
    const nowMs = Date.now();
    const question = { metric: "clicks", fromMs: nowMs - 2 * HISTORY_MS, toMs: nowMs, stepMs: MINUTE };
    const { series } = await this.ask(question);
    return series.flatMap(({ v }) => v).reduce<number>((sum, v) => sum + (v ?? 0), 0);
  }

  /** A definition that changes makes each window object write a checkpoint, which else is due every half minute. */
  async #tick(): Promise<void> {
    await this.#put({
      name: "tick",
      event: "tick",
      aggregate: "count",
      lateness: `${++this.#ticks}s`,
      window: { type: "tumbling", size: "1s" },
    });
  }

  async #counters(): Promise<string> {
    return (await this.freshet.fetch("/metrics")).text();
  }

  async #put(definition: MetricSource | ViewSource): Promise<void> {
    await this.#until(`${definition.name} is put`, async () => {
      const path = `/v1/catalog/metrics/${definition.name}`;
      const response = await this.freshet.fetch(path, { method: "PUT", body: JSON.stringify(definition) });
      if (response.status >= 400 && response.status < 500) throw new TypeError(await response.text());
      return response.ok;
    });
  }

  /** Tries again while the server is being started. */
  async #until(what: string, isSo: () => Promise<boolean>): Promise<void> {
    let last: unknown;
    for (const deadlineMs = Date.now() + 60_000; Date.now() < deadlineMs; await sleep(300)) {
      try {
        if (await isSo()) return;
      } catch (error) {
        if (error instanceof TypeError && error.message !== "fetch failed") throw error;
        last = error;
      }
    }
    throw new Error(`${this.name}: not within a minute: ${what}`, { cause: last });
  }
}

describe("[S2] the same questions to three stores, the tiers changing within them", () => {
  const endMs = Math.floor(Date.now() / 1_000) * 1_000 - 5_000;
  const events = tierHistory(SEED, endMs);
  const oracle = new Map<string, ExpectedSteps>();
  let sides: Side[] = [];
  let victoria: VictoriaMetrics | undefined;
  let prometheus: Prometheus | undefined;

  beforeAll(async () => {
    [victoria, prometheus] = await Promise.all([
      orAbsent(startVictoriaMetrics({ dir: join(dir, "vm"), args: ["-search.latencyOffset=1ms"] })),
      orAbsent(startPrometheus({ dir: join(dir, "prometheus") })),
    ]);
    const starting = [Side.start("embedded", {}, 1)];
    if (victoria !== undefined) {
      const env = { TSDB_WRITE_URL: victoria.writeUrl, TSDB_QUERY_URL: victoria.queryUrl };
      starting.push(Side.start("VictoriaMetrics", env, 0));
    }
    if (prometheus !== undefined) {
      const env = { TSDB_WRITE_URL: prometheus.writeUrl, TSDB_QUERY_URL: prometheus.url };
      starting.push(Side.start("Prometheus", env, 0));
    }
    sides = await Promise.all(starting);
    await Promise.all(sides.map((side) => side.fill(events)));
  }, 180_000);
  afterAll(async () => {
    await Promise.all(sides.map(({ freshet }) => freshet.stop()));
    await victoria?.kill();
    await prometheus?.kill();
  });

  function expected(metric: string, stepMs: number): ExpectedSteps {
    const name = `${metric} ${stepMs}`;
    const wanted = events.filter(({ props }) => metric !== "orders" || props?.["order"] === true);
    const steps = oracle.get(name) ?? expectedSteps(tierMetric(metric), wanted, stepMs);
    oracle.set(name, steps);
    return steps;
  }

  /** A step that suits what is asked; the answer tells it by its distance of points only, so it is always given. */
  function questions(count: number, random: () => number): Required<Question>[] {
    const pick = <T>(of: readonly T[]): T => of[Math.floor(random() * of.length)] as T;
    return Array.from({ length: count }, () => {
      const metric = pick([...TIER_METRICS, ...TIER_VIEWS]).name;
      const everyMs = tierMetric(metric in VIEWS ? "clicks" : metric).window.everyMs;
      const stepMs = Math.max(everyMs, pick([100, 1_000, 5_000, MINUTE, 2 * MINUTE, 15 * MINUTE]));
      const multiple = Math.ceil(stepMs / everyMs) * everyMs;
      const step = metric === "trend" ? Math.min(multiple, 2 * MINUTE) : multiple;
      const toMs = endMs - Math.floor(random() * 30 * MINUTE);
      const most = Math.min(HISTORY_MS + 10 * MINUTE, 10_000 * step);
      return { metric, toMs, fromMs: toMs - Math.floor(random() * most), stepMs: step };
    });
  }

  const VIEWS: Record<string, (stepMs: number) => Map<string, number>> = {
    rate_of_orders: (stepMs) => expectedRatio(expected("orders", stepMs), expected("clicks", stepMs)),
    trend: (stepMs) => expectedChange(expected("clicks", stepMs), AGO_MS),
  };

  function faultsOf({ metric, ...span }: Required<Question>, series: readonly Series[]): string[] {
    const view = VIEWS[metric]?.(span.stepMs);
    if (view === undefined) {
      return answerFaults(tierMetric(metric), series, expected(metric, span.stepMs), span);
    }
    const faults: string[] = [];
    const wanted = new Map([...view].filter(([name]) => isWithin(Number.parseInt(name, 10), span)));
    for (const { group, t, v } of series) {
      for (const [i, end] of t.entries()) {
        const value = v[i] ?? null;
        const name = `${end} ${groupName([group["g"] ?? ""])}`;
        const right = wanted.get(name);
        if (value === null && right === undefined) continue;
        if (right === undefined || Math.abs((value ?? Number.NaN) - right) > 1e-9 || value === null)
          faults.push(`${name}: ${value} instead of ${right}`);
        wanted.delete(name);
      }
    }
    return [...faults, ...[...wanted.keys()].map((name) => `${name} is missing`)];
  }

  it(`[S2][S1] equal the oracle and one another (seed ${SEED})`, async () => {
    const met = new Map(sides.map(({ name }) => [name, new Set<string>()]));
    let points = 0;
    for (const question of questions(70, seededRandom(SEED))) {
      const answers = await Promise.all(sides.map((side) => side.ask(question)));
      for (const [i, { series, tiers }] of answers.entries()) {
        const side = sides[i]?.name ?? "";
        expect(
          faultsOf(question, series),
          `${side} ${JSON.stringify(question)} ${JSON.stringify(tiers)}`,
        ).toEqual([]);
        expect(statesOf(series)).toEqual(series.length === 0 ? [] : [3]);
        met.get(side)?.add(tiers.map(({ tier }) => tier).join());
        points += series.reduce((sum, { t }) => sum + t.length, 0);
      }
      for (const { series } of answers) expect(picture(series)).toEqual(picture(answers[0]?.series ?? []));
    }
    expect(points).toBeGreaterThan(10_000);
    for (const [side, tiers] of met) expect([...tiers], side).toContain("cold,hot");
  });

  it("[S2][S1] without the hot store the archive answers, and the tiers say so", async () => {
    const [, ...stored] = sides;
    // The newest that is rolled up: a quarter of an hour at a time is.
    const toMs = Math.floor((endMs - FINE_MS) / (15 * MINUTE)) * 15 * MINUTE;
    const question = { metric: "amount", fromMs: toMs - MINUTE, toMs, stepMs: 100 };
    for (const side of stored) expect((await side.ask(question)).tiers).toMatchObject([{ tier: "hot" }]);
    await victoria?.stop();
    await prometheus?.stop();
    for (const side of stored) {
      const { series, tiers, read } = await side.ask(question);
      expect(faultsOf(question, series)).toEqual([]);
      expect(tiers).toEqual([{ tier: "cold", from: question.fromMs, to: question.toMs }]);
      expect(read?.requests).toBeGreaterThan(1);
    }
  });

  it("[C1] DuckDB finds each sealed point once in the archive, as a query has it", async () => {
    const [embedded] = sides;
    if (embedded === undefined) throw new Error("there is no server");
    const answered = new Map<string, string[]>();
    for (const { name } of TIER_METRICS) answered.set(name, await allPoints(embedded, name));
    await embedded.freshet.stop();
    const folder = join(dir, "copy");
    const paths = await copyArchive(join(dir, embedded.name, "objects"), folder);
    expect(paths.filter((path) => path.startsWith("rollups/step=900000/")).length).toBeGreaterThan(0);
    const points = `read_parquet('${folder}/points/**/*.parquet', hive_partitioning = true)`;
    const [counts] = await duckdb(`
      SELECT count(*)::INT AS points, count(DISTINCT (metric, revision, t, "group"))::INT AS once,
        count(*) FILTER (project <> 'demo' OR date <> t::DATE OR hour::INT <> hour(t))::INT AS misplaced
      FROM ${points}`);
    expect(counts?.["points"]).toBeGreaterThan(40_000);
    expect(counts).toMatchObject({ once: counts?.["points"], misplaced: 0 });
    for (const { name } of TIER_METRICS) {
      const rows = await duckdb(
        `SELECT epoch_ms(t)::VARCHAR AS t, "group"::VARCHAR AS g, value, items::VARCHAR AS items FROM ${points} WHERE metric = '${name}'`,
      );
      const { field = "" } = tierMetric(name).aggregate;
      expect(rows.flatMap((row) => archivedPoint(row, field)).sort(), name).toEqual(answered.get(name));
    }
  });

  /** Every point of a metric, as its windows were sealed: `end group value`. */
  async function allPoints(side: Side, metric: string): Promise<string[]> {
    const stepMs = tierMetric(metric).window.everyMs;
    const lines: string[] = [];
    for (let fromMs = endMs - HISTORY_MS; fromMs < endMs + MINUTE; fromMs += 10_000 * stepMs) {
      const toMs = Math.min(fromMs + 10_000 * stepMs - 1, endMs + MINUTE);
      const { series } = await side.ask({ metric, fromMs, toMs, stepMs });
      for (const { group, t, v } of series)
        for (const [i, end] of t.entries()) lines.push(`${end} ${sorted(group)} ${v[i]}`);
    }
    return lines.sort();
  }
});

/** A row's point, or those of the items of a ranking or histogram of `field`. */
function archivedPoint(row: Record<string, unknown>, field: string): string[] {
  const group = JSON.parse(String(row["g"])) as Record<string, string>;
  const end = String(row["t"]);
  if (typeof row["items"] !== "string") return [`${end} ${sorted(group)} ${String(row["value"])}`];
  const items = JSON.parse(row["items"]) as { item: string; count: number }[];
  return items.map(({ item, count }) => `${end} ${sorted({ ...group, [field]: item })} ${count}`);
}

function sorted(group: Record<string, string>): string {
  return JSON.stringify(Object.entries(group).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function isWithin(end: number, { fromMs, toMs }: { fromMs: number; toMs: number }): boolean {
  return end >= fromMs && end <= toMs;
}

function statesOf(series: readonly Series[]): number[] {
  return [...new Set(series.flatMap(({ s }) => s))];
}

/** Series as they can be compared: VictoriaMetrics keeps about twelve digits. */
function picture(series: readonly Series[]): string[] {
  return series
    .filter(({ v }) => v.some((value) => value !== null))
    .map(({ group, t, v }) => {
      return `${sorted(group)} ${t.map((end, i) => `${end}=${v[i]?.toPrecision(9)}`).join(" ")}`;
    })
    .sort();
}
