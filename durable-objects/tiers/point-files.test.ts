import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { duckdb } from "../../test/helpers/archive-objects.ts";
import { TierBench } from "../../test/helpers/tier-bench.ts";
import { Random } from "../../test/simulation/random.ts";
import type { Event } from "../../protocol/event.ts";
import { parseMetric } from "../../protocol/metric.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const BEGIN_MS = Date.parse("2026-11-18T00:00:30Z");
const END_MS = BEGIN_MS + 2 * DAY;
const LATER_MS = END_MS + 100 * DAY;

const METRICS = [
  { aggregate: "sum(value)", groupBy: ["g"] },
  { aggregate: "p95(value)" },
  { aggregate: "sum(value)", groupBy: ["g"], shards: 2 },
].map((source, i) => {
  const window = { type: "tumbling", size: "1m" };
  const parsed = parseMetric(`m${i}`, { ...source, event: "e", window, delay: "0s", lateness: "0s" });
  if (!parsed.ok) throw new Error(parsed.message);
  return { metric: parsed.value, revision: 1 };
});

/** Three events a minute. */
function history(): Event[] {
  const random = new Random(3);
  return Array.from({ length: (3 * 2 * DAY) / MINUTE }, (_, i) => {
    return {
      name: "e",
      ts: BEGIN_MS + i * 20_000,
      value: random.below(100),
      props: { g: `g${random.below(3)}` },
    };
  });
}

const dir = mkdtempSync(join(tmpdir(), "freshet-points-"));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

/** The bucket's objects as files. */
function copyTo(folder: string, bench: TierBench): string[] {
  const paths = [...bench.bucket.objects.keys()].filter((path) => path.startsWith("points/"));
  for (const path of paths) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), bench.bucket.objects.get(path) ?? "");
  }
  return paths;
}

/** Without files whose range lies within the larger range of another of the same date and writer. */
function withoutReplaced(paths: readonly string[]): string[] {
  const files = paths.map((path) => {
    const [, date = "", writer = "", from, to] =
      /date=([^/]+)\/.*\/([^/]+)-(\d+)-(\d+)\.parquet$/.exec(path) ?? [];
    return { path, of: `${date} ${writer}`, from: Number(from), to: Number(to) };
  });
  const isWithin = (a: (typeof files)[number], b: (typeof files)[number]) =>
    a.of === b.of && a.from >= b.from && a.to <= b.to && b.to - b.from > a.to - a.from;
  return files.filter((file) => !files.some((other) => isWithin(file, other))).map(({ path }) => path);
}

describe("[C1] whoever lists the points of the archive", () => {
  it("[C1] has each point once with DuckDB, before the files of a day are put together, meanwhile and after that", async () => {
    const bench = new TierBench({ version: 1, metrics: METRICS, views: [] });
    const events = history();
    await bench.feed(events.slice(0, events.length - 100), HOUR);
    await bench.settle(END_MS);
    // The second day of one metric is computed anew.
    const [first] = METRICS;
    if (first === undefined) throw new Error("there is no metric");
    const untilMs = Math.floor(END_MS / HOUR) * HOUR - HOUR;
    await bench.backfill(first.metric, events, untilMs, END_MS);
    await bench.settle(END_MS + 1);
    const moments = ["before", "meanwhile", "after"].map((name) => join(dir, name));
    const [before = "", meanwhile = "", after = ""] = moments;
    const paths = [copyTo(before, bench)];
    await bench.compact(LATER_MS);
    paths.push(copyTo(meanwhile, bench));
    await bench.collect(LATER_MS + DAY);
    paths.push(copyTo(after, bench));
    expect(paths[1]?.length).toBe((paths[0]?.length ?? 0) + (paths[2]?.length ?? 0));
    // Of each of three objects and two days, and of what was computed anew.
    expect(paths[2]?.length).toBeLessThanOrEqual(8);
    const rows = await Promise.all(moments.map((folder, i) => rowsOf(folder, paths[i] ?? [])));
    const [expected] = rows;
    expect(expected?.points).toBeGreaterThan(10_000);
    expect(expected?.once).toBe(expected?.points);
    expect(expected?.misplaced).toBe(0);
    for (const each of rows) expect(each).toEqual(expected);
  }, 60_000);
});

/** What DuckDB reads: all rows, and the newest of each window. */
async function rowsOf(folder: string, paths: readonly string[]) {
  const files = withoutReplaced(paths).map((path) => `'${join(folder, path)}'`);
  const [all] = await duckdb(`
    SELECT count(*)::INT AS points, count(DISTINCT (metric, revision, t, "group", seq, writer))::INT AS once,
      count(*) FILTER (project <> 'p' OR date <> t::DATE OR hour::INT > hour(t))::INT AS misplaced, sum(value)::INT AS sum
    FROM (SELECT *, split_part(parse_filename(filename), '-', 1) AS writer
          FROM read_parquet([${files.join()}], hive_partitioning = true, filename = true))`);
  const newest = await duckdb(`
    SELECT metric, count(*)::INT AS points, sum(value)::INT AS sum
    FROM (SELECT *, split_part(parse_filename(filename), '-', 1) AS writer
          FROM read_parquet('${folder}/points/**/*.parquet', hive_partitioning = true, filename = true)
          QUALIFY row_number() OVER (PARTITION BY metric, revision, t, "group", writer ORDER BY seq DESC) = 1)
    GROUP BY ALL ORDER BY ALL`);
  return {
    points: Number(all?.["points"]),
    once: all?.["once"],
    misplaced: all?.["misplaced"],
    sum: all?.["sum"],
    newest,
  };
}
