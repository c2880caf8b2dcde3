import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { MetricSource } from "../../protocol/metric.ts";
import { ServiceUnavailableError } from "../../tools/services/processes.ts";
import { startVictoriaMetrics, type VictoriaMetrics } from "../../tools/services/victoria-metrics.ts";
import { type Fault, FaultProxy } from "../helpers/fault-proxy.ts";
import { Freshet } from "../helpers/freshet.ts";
import { countOf, exportSeries, sealedSeries, untilSealed, untilStored } from "../helpers/tsdb.ts";

const dir = mkdtempSync(join(tmpdir(), "freshet-hot-"));
const database = await startVictoriaMetrics({ dir }).catch((error: unknown) => {
  if (error instanceof ServiceUnavailableError) return error;
  throw error;
});
afterAll(async () => {
  if (!(database instanceof Error)) await database.kill();
  rmSync(dir, { recursive: true, force: true });
});

const window = { type: "tumbling", size: "1s" } as const;
const common = { window, delay: "0s", lateness: "1s", groupBy: ["campaign"] };

function metric(name: string, rest: Partial<MetricSource> = {}): MetricSource {
  return { name, event: name, aggregate: "sum(value)", ...common, ...rest };
}

/** Posts for some seconds and returns how long the slowest post took. */
async function traffic(freshet: Freshet, event: string, seconds: number): Promise<number> {
  const run = crypto.randomUUID();
  let slowestMs = 0;
  for (let i = 0; i < seconds * 4; i++) {
    const lines = ["autumn", "winter", "spring"].map((campaign) =>
      JSON.stringify({ name: event, ts: Date.now(), value: 1 + (i % 7), props: { campaign } }),
    );
    const beganMs = Date.now();
    await freshet.post(`${run}-${i}`, lines.join("\n"));
    slowestMs = Math.max(slowestMs, Date.now() - beganMs);
    await sleep(250);
  }
  return slowestMs;
}

/** The store has every sealed point of a metric, each once, in order, with its value. */
async function expectExact(freshet: Freshet, url: string, name: string): Promise<void> {
  await untilSealed(freshet, name);
  const expected = await sealedSeries(freshet, name);
  const selector = `{__name__="${name}"}`;
  await untilStored(url, selector, countOf(expected));
  // A copy that came later would be seen now.
  await sleep(1_500);
  expect(await exportSeries(url, selector)).toEqual(expected);
}

describe.runIf(database instanceof Error)("[S1] the hot store", () => {
  it("[S1] is tested, or its absence said", () => {
    console.log(`SKIPPED: VictoriaMetrics: ${(database as Error).message}`);
    expect(process.env["REQUIRE_SERVICES"]).not.toBe("1");
  });
});

describe.skipIf(database instanceof Error)("[S1] sealed points in VictoriaMetrics", () => {
  const tsdb = database as VictoriaMetrics;
  let proxy: FaultProxy;
  let freshet: Freshet;
  beforeAll(async () => {
    proxy = await FaultProxy.start(tsdb.url);
    freshet = await Freshet.start({ env: { TSDB_WRITE_URL: `${proxy.url}/api/v1/write` } });
  });
  afterAll(async () => {
    await freshet?.stop();
    proxy?.stop();
  });

  it("[S1] arrive once each, in order", async () => {
    await freshet.putMetric(metric("plain"));
    await traffic(freshet, "plain", 5);
    await expectExact(freshet, tsdb.url, "plain");
  });

  it("[S1] with the store stopped they wait on disk, through a crash too, and follow later", async () => {
    await freshet.putMetric(metric("stopped"));
    await tsdb.stop();
    expect(await traffic(freshet, "stopped", 8)).toBeLessThan(2_000);
    await untilSealed(freshet, "stopped");
    await sleep(2_000);
    freshet.killWorkerd();
    await sleep(2_000);
    await tsdb.restart();
    await expectExact(freshet, tsdb.url, "stopped");
  });

  it("[S1] a store that is killed with what it had acknowledged gets it again", async () => {
    await freshet.putMetric(metric("killed"));
    await traffic(freshet, "killed", 4);
    // It is dead before it has written to its disk what it has just acknowledged, and back before it is asked again.
    await new Promise<void>((resolve) => (proxy.onWritten = resolve));
    await tsdb.kill();
    await tsdb.restart();
    await expectExact(freshet, tsdb.url, "killed");
  });

  const faults: [string, Fault][] = [
    ["500", { type: "status", status: 500 }],
    ["429", { type: "status", status: 429, headers: { "retry-after": "2" } }],
    ["slowly", { type: "slow", ms: 3_000 }],
    ["by a cut connection", { type: "lost-answer" }],
  ];
  it.each(faults)("[S1] a store that answers %s for a while gets everything once", async (how, fault) => {
    const name = `fault_${how.replaceAll(" ", "_")}`;
    await freshet.putMetric(metric(name));
    const before = proxy.faults;
    proxy.fault = fault;
    expect(await traffic(freshet, name, 4)).toBeLessThan(2_000);
    await untilSealed(freshet, name);
    for (let i = 0; i < 200 && proxy.faults === before; i++) await sleep(100);
    expect(proxy.faults).toBeGreaterThan(before);
    await sleep(3_000);
    proxy.fault = { type: "none" };
    await expectExact(freshet, tsdb.url, name);
  });

  it("[S1] what a metric had sealed arrives though it is redefined and deleted meanwhile", async () => {
    const name = "ended";
    proxy.fault = { type: "status", status: 503 };
    await freshet.putMetric(metric(name));
    await traffic(freshet, name, 4);
    await untilSealed(freshet, name);
    const first = await sealedSeries(freshet, name);
    await freshet.putMetric(metric(name, { aggregate: "count" }));
    await traffic(freshet, name, 3);
    await untilSealed(freshet, name);
    const second = await sealedSeries(freshet, name);
    await freshet.fetch(`/v1/catalog/metrics/${name}`, { method: "DELETE" });
    proxy.fault = { type: "none" };
    const expected = new Map(
      [...first].map(([key, points]) => [key, [...points, ...(second.get(key) ?? [])]]),
    );
    await untilStored(tsdb.url, `{__name__="${name}"}`, countOf(expected));
    expect(await exportSeries(tsdb.url, `{__name__="${name}"}`)).toEqual(expected);
  });
});
