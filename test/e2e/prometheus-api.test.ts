import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ServiceUnavailableError } from "../../tools/services/processes.ts";
import { type Prometheus, promtool, startPrometheus } from "../../tools/services/prometheus.ts";
import { Freshet } from "../helpers/freshet.ts";
import { askProm, difference, type PromSource, resultOf } from "../helpers/prom-results.ts";
import { SHOP_METRICS, shopHistory } from "../helpers/shop-history.ts";

const dir = mkdtempSync(join(tmpdir(), "freshet-prometheus-"));
const database = await startPrometheus({ dir }).catch((error: unknown) => {
  if (error instanceof ServiceUnavailableError) return error;
  throw error;
});
afterAll(async () => {
  if (!(database instanceof Error)) await database.kill();
  rmSync(dir, { recursive: true, force: true });
});

describe.runIf(database instanceof Error)("[S3] the Prometheus API", () => {
  it("[S3] is tested, or its absence said", () => {
    console.log(`SKIPPED: Prometheus: ${(database as Error).message}`);
    expect(process.env["REQUIRE_SERVICES"]).not.toBe("1");
  });
});

/** Answered alike by Prometheus and from the window objects. */
const SUPPORTED = [
  "shop_clicks",
  'shop_clicks{campaign="autumn"}',
  'shop_clicks{campaign!="autumn",country=~"D.|F."}',
  'shop_clicks{country=""}',
  'shop_clicks{campaign=~".*bird|win.+"}',
  'shop_clicks{campaign!~"a.*"}',
  '{__name__=~"shop_.*",campaign="winter"}',
  '{freshet_project="demo"}',
  '{freshet_project="other"}',
  "shop_amount offset 2m",
  "shop_amount offset -1m",
  "shop_top",
  "shop_slow",
  'shop_slow{quantile="0.95"}',
  "shop_rare",
  "nothing_of_this_name",
  "rate(shop_total[1m])",
  "rate(shop_total[17s])",
  "increase(shop_total[5m])",
  "increase(shop_total[3s])",
  "sum_over_time(shop_clicks[1m])",
  "avg_over_time(shop_amount[2m])",
  "min_over_time(shop_amount[1m] offset 1m)",
  "max_over_time(shop_rare[5m])",
  "count_over_time(shop_clicks[45s])",
  "last_over_time(shop_clicks[10s])",
  "sum(shop_clicks)",
  "sum by (campaign) (shop_clicks)",
  "sum by (campaign, nothing) (shop_clicks)",
  'sum by (__name__) ({freshet_project="demo"})',
  "avg without (country) (shop_clicks)",
  "min by (country) (shop_clicks)",
  "max by (campaign) (shop_clicks)",
  "count(shop_clicks)",
  "count by (page) (shop_top)",
  "sum by (value) (sum_over_time(shop_spread[1m]))",
  "sum by () (shop_clicks)",
  "sum(rate(shop_total[1m])) / 2",
  "sum by (campaign) (sum_over_time(shop_clicks[30s])) * 2 - 1",
  "-shop_amount",
  "-2 ^ 2",
  "2 ^ 3 ^ 2",
  "1 + 2 * 3 % 4",
  "shop_amount / 0",
  "shop_amount % 7",
  "7 % shop_amount",
  "10 ^ -shop_rare",
  "0x1F + 1e3",
  "+shop_amount",
  "(1 - shop_rare) * -1",
  "# a comment\nshop_rare",
  "1 / 3",
];

/** Read, but not answered without a hot store. */
const UNSUPPORTED = [
  "shop_clicks + shop_clicks",
  "shop_clicks > 1",
  "shop_clicks and shop_amount",
  "topk(2, shop_clicks)",
  "quantile(0.5, shop_clicks)",
  "histogram_quantile(0.9, shop_clicks)",
  "stddev(shop_clicks)",
  "irate(shop_total[1m])",
  "abs(shop_rare)",
  "time()",
  "vector(1)",
  "shop_clicks @ 1700000000",
  "max_over_time(rate(shop_total[1m])[5m:10s])",
  '"text"',
  'label_replace(shop_rare, "a", "$1", "b", "(.*)")',
];

/** No PromQL: both say so. */
const WRONG = [
  "shop_clicks{",
  "shop_clicks{campaign=autumn}",
  "sum(shop_clicks",
  "{}",
  '{campaign=~".*"}',
  'shop_clicks{campaign=~"("}',
  'shop_clicks{__name__="a"}',
  "rate(shop_clicks)",
  "rate(shop_clicks[1m], 1)",
  "sum(shop_clicks[1m])",
  "shop_clicks[1m] + 1",
  "-shop_clicks[1m]",
  "sum()",
  "shop_clicks offset 1m offset 1m",
  "(shop_clicks + 1) offset 1m",
  "1 offset 1m",
  "foo bar",
  "no_such_function(shop_clicks)",
  "shop_clicks[0s]",
];

describe.skipIf(database instanceof Error)("[S3] PromQL over the same points", () => {
  const real = database as Prometheus;
  let freshet: Freshet;
  let ours: PromSource;
  let theirs: PromSource;
  /** Between the grid of windows: Prometheus 2 takes a range's first instant in, Prometheus 3 and we do not. */
  let untilS: number;

  beforeAll(async () => {
    freshet = await Freshet.start({ env: { PARTITIONS: "1", TSDB_WRITE_URL: real.writeUrl } });
    ours = { url: `${freshet.url}/prometheus`, key: "demo-read" };
    theirs = { url: real.url };
    for (const metric of SHOP_METRICS) await freshet.putMetric(metric);
    const history = shopHistory(7, Date.now());
    const { accepted } = await freshet.post("history", history);
    if (accepted !== history.split("\n").length) throw new Error(`only ${accepted} events were accepted`);
    untilS = Math.floor(Date.now() / 1_000) - 30 + 0.4567;
    for (const { name } of SHOP_METRICS) await untilBothHave(name.replace(".", "_"));
  });
  afterAll(() => freshet?.stop());

  async function untilBothHave(name: string): Promise<void> {
    const parameters = { query: `sum(count_over_time(${name}[15m]))`, time: String(untilS) };
    for (let tries = 0; tries < 120; tries++) {
      const [a, b] = [await resultOf(ours, "query", parameters), await resultOf(theirs, "query", parameters)];
      if (a.size > 0 && difference(a, b) === undefined) return;
      await sleep(500);
    }
    throw new Error(`the points of ${name} have not arrived`);
  }

  it.each(SUPPORTED)("[S3] %s is what Prometheus says", async (query) => {
    for (const backS of [0, 61, 200.7, 420.3, 900]) {
      const parameters = { query, time: String(untilS - backS) };
      const [a, b] = [await resultOf(ours, "query", parameters), await resultOf(theirs, "query", parameters)];
      expect(difference(a, b), `at -${backS} s`).toBeUndefined();
    }
    for (const step of ["7", "1m", "0.5"]) {
      const fromS = untilS - (step === "0.5" ? 300 : 780);
      const parameters = { query, start: String(fromS), end: String(untilS), step };
      const [a, b] = [
        await resultOf(ours, "query_range", parameters),
        await resultOf(theirs, "query_range", parameters),
      ];
      expect(difference(a, b), `step ${step}`).toBeUndefined();
    }
  });

  it("[S3] a range of a selector is its samples", async () => {
    const parameters = { query: "shop_amount[3m] offset 1m", time: String(untilS) };
    const [a, b] = [await resultOf(ours, "query", parameters), await resultOf(theirs, "query", parameters)];
    expect(a.size).toBeGreaterThan(0);
    expect(difference(a, b)).toBeUndefined();
  });

  it.each(UNSUPPORTED)("[S3] %s is a clear 422", async (query) => {
    const answer = await askProm(ours, "query", { query });
    expect(answer).toMatchObject({ status: 422, errorType: "execution" });
    expect(answer.error).toContain("not supported without a hot store");
    expect((await askProm(theirs, "query", { query })).status).toBe(200);
  });

  it.each(WRONG)("[S3] %s is bad data to both", async (query) => {
    expect(await askProm(ours, "query", { query })).toMatchObject({ status: 400, errorType: "bad_data" });
    expect(await askProm(theirs, "query", { query })).toMatchObject({ status: 400, errorType: "bad_data" });
  });

  it("[S3] two series that would be one are an error to both", async () => {
    const query = 'sum_over_time({__name__=~"shop_(total|rare)"}[15m])';
    for (const source of [ours, theirs]) {
      const answer = await askProm(source, "query", { query, time: String(untilS) });
      expect(answer).toMatchObject({ status: 422, errorType: "execution" });
      expect(answer.error).toBe("vector cannot contain metrics with the same labelset");
    }
  });

  it.each([
    ["series", { "match[]": "shop_clicks" }],
    ["series", { "match[]": '{campaign="autumn"}' }],
    ["labels", {}],
    ["labels", { "match[]": "shop_top" }],
    ["label/campaign/values", {}],
    ["label/country/values", { "match[]": 'shop_clicks{campaign="winter"}' }],
    ["label/__name__/values", {}],
    ["label/page/values", { "match[]": "shop_clicks" }],
  ])("[S3] %s of %o is what Prometheus lists", async (path, parameters: Record<string, string>) => {
    const span = { ...parameters, start: String(untilS - 900), end: String(untilS + 30) };
    const sorted = async (source: PromSource) => {
      const { data } = await askProm(source, path, span);
      return (data as unknown[]).map((entry) => JSON.stringify(entry)).sort();
    };
    // The names of a metric and its labels are known before its first event.
    if ("match[]" in parameters || path.startsWith("label/c")) {
      expect(await sorted(ours)).toEqual(await sorted(theirs));
    } else expect(await sorted(ours)).toEqual(expect.arrayContaining(await sorted(theirs)));
  });

  it("[S3] promtool asks it", async () => {
    const url = `${freshet.url.replace("http://", "http://demo-read@")}/prometheus`;
    const time = String(Math.floor(untilS));
    const instant = await promtool(
      "query",
      "instant",
      `--time=${time}`,
      url,
      "sum(sum_over_time(shop_clicks[10m]))",
    );
    expect(instant).toMatch(/^\{\} => \d+ @\[/);
    const range = ["--start", String(Math.floor(untilS) - 60), "--end", time, "--step=10s"];
    expect(await promtool("query", "range", ...range, url, "shop_amount")).toMatch(
      /^shop_amount\{campaign="autumn"/m,
    );
    expect(await promtool("query", "series", "--match=shop_amount", url)).toContain('campaign="autumn"');
    expect(await promtool("query", "labels", url, "campaign")).toBe("autumn\nlate bird\nwinter\n");
    await expect(promtool("query", "instant", url, "abs(shop_rare)")).rejects.toThrow("not supported");
  });
});
