import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { QueryAnswer, Series } from "../../protocol/series.ts";
import { seededRandom } from "../../tools/demo/randomness.ts";
import { ServiceUnavailableError } from "../../tools/services/processes.ts";
import { startVictoriaMetrics, type VictoriaMetrics } from "../../tools/services/victoria-metrics.ts";
import { Freshet } from "../helpers/freshet.ts";
import { askProm, difference, type PromResult, type PromSource, resultOf } from "../helpers/prom-results.ts";
import { SHOP_METRICS, shopHistory } from "../helpers/shop-history.ts";
import { countOf, exportSeries, sealedSeries, untilSealed, untilStored } from "../helpers/tsdb.ts";

const dir = mkdtempSync(join(tmpdir(), "freshet-hot-queries-"));
const database = await startVictoriaMetrics({ dir, args: ["-search.latencyOffset=1ms"] }).catch(
  (error: unknown) => {
    if (error instanceof ServiceUnavailableError) return error;
    throw error;
  },
);
afterAll(async () => {
  if (!(database instanceof Error)) await database.kill();
  rmSync(dir, { recursive: true, force: true });
});

describe.runIf(database instanceof Error)("[S1] questions to the hot store", () => {
  it("[S1] are tested, or their absence said", () => {
    console.log(`SKIPPED: VictoriaMetrics: ${(database as Error).message}`);
    expect(process.env["REQUIRE_SERVICES"]).not.toBe("1");
  });
});

const SEED = 20_261_125;
/** What adds up over windows of these metrics. */
const OVER_TIME: Record<string, string> = {
  shop_clicks: "sum_over_time",
  "shop.amount": "sum_over_time",
  shop_total: "last_over_time",
  shop_rare: "max_over_time",
  shop_spread: "sum_over_time",
};
const STEPS_MS: Record<string, number> = { "shop.amount": 5_000, shop_spread: 10_000 };
const GROUPS: Record<string, Record<string, string>[]> = {
  shop_clicks: [{}, { campaign: "autumn" }, { country: "DE", campaign: "winter" }, { campaign: "late bird" }],
  "shop.amount": [{}, { campaign: "winter" }],
  shop_spread: [{}, { campaign: "autumn" }, { value: "50" }],
};

describe.skipIf(database instanceof Error)("[S1] VictoriaMetrics and the window objects", () => {
  const tsdb = database as VictoriaMetrics;
  const direct: PromSource = { url: tsdb.url };
  let freshet: Freshet;
  let ours: PromSource;
  let endMs: number;

  beforeAll(async () => {
    const env = { PARTITIONS: "1", TSDB_WRITE_URL: tsdb.writeUrl, TSDB_QUERY_URL: tsdb.queryUrl };
    freshet = await Freshet.start({ env });
    ours = { url: `${freshet.url}/prometheus`, key: "demo-read" };
    for (const metric of SHOP_METRICS) await freshet.putMetric(metric);
    endMs = Date.now() - 20_000;
    await freshet.post("history", shopHistory(SEED, Date.now()));
    for (const { name } of SHOP_METRICS) {
      await untilSealed(freshet, name);
      const expected = await sealedSeries(freshet, name);
      await untilStored(tsdb.url, `{__name__="${name.replace(".", "_")}"}`, countOf(expected));
    }
    const foreign = 'shop_clicks{freshet_project="other",secret="yes"} 7\n';
    await fetch(`${tsdb.url}/api/v1/import/prometheus`, { method: "POST", body: foreign });
    await untilStored(tsdb.url, '{secret="yes"}', 1);
  });
  afterAll(() => freshet?.stop());

  async function queryFreshet(
    metric: string,
    fromMs: number,
    toMs: number,
    stepMs: number,
    group: Record<string, string>,
  ): Promise<PromResult> {
    const parameters = new URLSearchParams({
      metric,
      from: String(fromMs),
      to: String(toMs),
      step: String(stepMs),
    });
    if (Object.keys(group).length > 0) parameters.set("group", JSON.stringify(group));
    const response = await freshet.fetch(`/v1/query?${parameters.toString()}`, {}, "demo-read");
    expect(response.status).toBe(200);
    const { series } = (await response.json()) as QueryAnswer;
    return new Map(series.filter(({ t }) => t.length > 0).map((each) => asProm(each)));
  }

  function asProm({ group, t, v }: Series): [string, [number, number][]] {
    const labels = Object.entries({ ...group, freshet_project: "demo" }).filter(([, value]) => value !== "");
    const key = JSON.stringify(labels.sort(([a], [b]) => (a < b ? -1 : 1)));
    return [key, t.map((end, i): [number, number] => [end / 1_000, v[i] ?? Number.NaN])];
  }

  it(`[S1] answer the same questions alike, whatever span, step and group (seed ${SEED})`, async () => {
    const random = seededRandom(SEED);
    const pick = <T>(of: readonly T[]): T => of[Math.floor(random() * of.length)] as T;
    let points = 0;
    for (let i = 0; i < 80; i++) {
      const metric = pick(Object.keys(OVER_TIME));
      const stepMs = (STEPS_MS[metric] ?? 1_000) * pick([1, 2, 3, 10, 60]);
      const group = pick(GROUPS[metric] ?? [{}]);
      const toMs = endMs - Math.floor(random() * 300_000);
      const fromMs = toMs - Math.floor(random() * 400_000);
      const answer = await queryFreshet(metric, fromMs, toMs, stepMs, group);
      const matchers = Object.entries({ ...group, freshet_project: "demo" }).map(([k, v]) => `${k}="${v}"`);
      const query = `${OVER_TIME[metric]}(${metric.replace(".", "_")}{${matchers.join(",")}}[${stepMs}ms])`;
      const start = Math.ceil(fromMs / stepMs) * stepMs;
      const end = Math.max(start, Math.floor(toMs / stepMs) * stepMs);
      const span = {
        start: String(start / 1_000),
        end: String(end / 1_000),
        step: `${stepMs}ms`,
        nocache: "1",
      };
      const stored = start > toMs ? new Map() : await resultOf(direct, "query_range", { query, ...span });
      const nameless = new Map(
        [...stored].map(([key, v]) => [key.replace(/\["__name__","[^"]*"\],?/, ""), v]),
      );
      expect(difference(answer, nameless), `${query} ${start}..${end}`).toBeUndefined();
      points += [...answer.values()].reduce((sum, { length }) => sum + length, 0);
    }
    expect(points).toBeGreaterThan(2_000);
  });

  it.each(["shop_slow", "shop_top", "shop_spread"])("[S1] have the same points of %s", async (metric) => {
    const stored = await exportSeries(tsdb.url, `{__name__="${metric}"}`);
    const expected = await sealedSeries(freshet, metric);
    expect(countOf(expected)).toBeGreaterThan(100);
    const withoutQuantile = new Map(
      [...stored].map(([key, points]) => [key.replace(',["quantile","0.95"]', ""), points]),
    );
    // VictoriaMetrics keeps about twelve digits.
    expect(difference(expected, withoutQuantile)).toBeUndefined();
  });

  it("[S3] PromQL goes to the hot store, all of it", async () => {
    const time = String(endMs / 1_000);
    for (const query of [
      "topk(1, shop_clicks)",
      "shop_clicks / on(campaign) group_left shop_amount",
      "time()",
    ]) {
      expect((await askProm(ours, "query", { query, time })).status, query).toBe(200);
    }
    const query = "sum(sum_over_time(shop_clicks[10m]))";
    const theirs = { query: 'sum(sum_over_time(shop_clicks{freshet_project="demo"}[10m]))', time };
    expect(
      difference(await resultOf(ours, "query", { query, time }), await resultOf(direct, "query", theirs)),
    ).toBe(undefined);
  });

  it("[S3] a key sees nothing of another project, however it asks", async () => {
    const seen: unknown[] = [];
    for (const query of [
      '{__name__=~".+"}',
      "shop_clicks",
      'shop_clicks{secret="yes"}',
      'count(shop_clicks or {secret!=""})',
    ]) {
      const sent = {
        query,
        extra_label: "freshet_project=other",
        "extra_filters[]": '{freshet_project="other"}',
      };
      seen.push((await askProm(ours, "query", sent)).data);
    }
    const lists = ["labels", "label/secret/values", "label/freshet_project/values", "label/__name__/values"];
    for (const path of lists) {
      seen.push((await askProm(ours, path, {})).data);
      seen.push((await askProm(ours, path, { "match[]": '{freshet_project="other"}' })).data);
    }
    seen.push((await askProm(ours, "series", { "match[]": '{secret="yes"}' })).data);
    const text = JSON.stringify(seen);
    expect(text).toContain('"demo"');
    expect(text).not.toMatch(/secret|other/);
    expect(JSON.stringify(await askProm(direct, "labels", {}))).toContain("secret");
  });

  it("[S3] without the hot store the answer says so", async () => {
    await tsdb.stop();
    const answer = await askProm(ours, "query", { query: "shop_clicks" });
    expect(answer).toMatchObject({
      status: 503,
      errorType: "unavailable",
      error: "the hot store does not answer",
    });
    await tsdb.restart();
  });
});
