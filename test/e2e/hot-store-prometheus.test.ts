import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ServiceUnavailableError } from "../../tools/services/processes.ts";
import { type Prometheus, startPrometheus } from "../../tools/services/prometheus.ts";
import { FaultProxy } from "../helpers/fault-proxy.ts";
import { Freshet } from "../helpers/freshet.ts";
import { difference, type PromResult, resultOf } from "../helpers/prom-results.ts";
import { countOf, sealedSeries, untilSealed } from "../helpers/tsdb.ts";

const dir = mkdtempSync(join(tmpdir(), "freshet-hot-prometheus-"));
const database = await startPrometheus({ dir }).catch((error: unknown) => {
  if (error instanceof ServiceUnavailableError) return error;
  throw error;
});
afterAll(async () => {
  if (!(database instanceof Error)) await database.kill();
  rmSync(dir, { recursive: true, force: true });
});

describe.runIf(database instanceof Error)("[S1] Prometheus as the hot store", () => {
  it("[S1] is tested, or its absence said", () => {
    console.log(`SKIPPED: Prometheus: ${(database as Error).message}`);
    expect(process.env["REQUIRE_SERVICES"]).not.toBe("1");
  });
});

describe.skipIf(database instanceof Error)("[S1] sealed points in Prometheus", () => {
  const real = database as Prometheus;
  let proxy: FaultProxy;
  let freshet: Freshet;
  beforeAll(async () => {
    proxy = await FaultProxy.start(real.url);
    freshet = await Freshet.start({ env: { TSDB_WRITE_URL: `${proxy.url}/api/v1/write` } });
  });
  afterAll(async () => {
    await freshet?.stop();
    proxy?.stop();
  });

  async function traffic(event: string): Promise<void> {
    await freshet.putMetric({
      name: event,
      event,
      aggregate: "sum(value)",
      window: { type: "tumbling", size: "1s" },
      delay: "0s",
      lateness: "1s",
      groupBy: ["campaign"],
    });
    for (let i = 0; i < 20; i++) {
      const lines = ["autumn", "winter"].map((campaign) =>
        JSON.stringify({ name: event, ts: Date.now(), value: 1 + (i % 7), props: { campaign } }),
      );
      await freshet.post(`${event}-${i}`, lines.join("\n"));
      await sleep(250);
    }
  }

  /** Prometheus has every sealed point, each once; and nothing was counted as lost. */
  async function expectExact(name: string): Promise<void> {
    await untilSealed(freshet, name);
    const sealed = await sealedSeries(freshet, name);
    const expected: PromResult = new Map(
      [...sealed].map(([key, points]) => [key, points.map(([t, v]): [number, number] => [t / 1_000, v])]),
    );
    let stored: PromResult = new Map();
    for (let tries = 0; tries < 120 && difference(stored, expected) !== undefined; tries++) {
      await sleep(500);
      stored = await resultOf({ url: real.url }, "query", { query: `${name}[1h]` }).catch(
        (): PromResult => new Map(),
      );
    }
    expect(countOf(sealed)).toBeGreaterThan(8);
    expect(difference(stored, expected)).toBeUndefined();
    const metrics = await (await freshet.fetch("/metrics")).text();
    expect(metrics).not.toMatch(/^freshet_hot_points_dropped_total\{/m);
    expect(metrics).toMatch(/^freshet_hot_points_waiting\{object="demo"\} 0$/m);
  }

  it("[S1] arrive once each, in order", async () => {
    await traffic("steady");
    await expectExact("steady");
  });

  it("[S1] arrive once though Prometheus is killed after it has acknowledged, and refuses the repetition", async () => {
    await traffic("crash");
    await new Promise<void>((resolve) => (proxy.onWritten = resolve));
    await real.kill();
    await sleep(2_000);
    await real.restart();
    await expectExact("crash");
  });

  it("[S1] arrive once though the answer is lost", async () => {
    proxy.fault = { type: "lost-answer" };
    await traffic("lost");
    for (let i = 0; i < 200 && proxy.faults === 0; i++) await sleep(100);
    proxy.fault = { type: "none" };
    await untilSealed(freshet, "lost");
    await sleep(6_000);
    const stored = await resultOf({ url: real.url }, "query", { query: "lost[1h]" });
    const sealed = await sealedSeries(freshet, "lost");
    const points = [...stored.values()].reduce((sum, { length }) => sum + length, 0);
    expect(points).toBe(countOf(sealed));
    expect(proxy.faults).toBeGreaterThan(0);
  });
});
