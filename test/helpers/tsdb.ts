import { setTimeout as sleep } from "node:timers/promises";
import type { QueryAnswer, Series } from "../../protocol/series.ts";
import type { Freshet } from "./freshet.ts";

/** Samples of one series as `labels`, sorted JSON, to `[t, v]` in the order of the store. */
export type StoredSeries = Map<string, [t: number, v: number][]>;

/** Everything that VictoriaMetrics has under a selector: each stored sample, not what a query makes of them. */
export async function exportSeries(url: string, selector: string): Promise<StoredSeries> {
  const parameters = new URLSearchParams({ "match[]": selector });
  const response = await fetch(`${url}/api/v1/export?${parameters}`);
  const text = await response.text();
  if (!response.ok) throw new Error(`${response.status} ${text}`);
  const stored: StoredSeries = new Map();
  for (const line of text.split("\n").filter((each) => each !== "")) {
    const { metric, values, timestamps } = JSON.parse(line) as {
      metric: Record<string, string>;
      values: number[];
      timestamps: number[];
    };
    const key = labelKey(metric);
    const samples = stored.get(key) ?? [];
    samples.push(...timestamps.map((t, i): [number, number] => [t, values[i] ?? Number.NaN]));
    stored.set(key, samples);
  }
  return stored;
}

/** The sealed points of a metric as the store should have them. */
export async function sealedSeries(freshet: Freshet, metric: string): Promise<StoredSeries> {
  const { series } = await query(freshet, metric);
  const expected: StoredSeries = new Map();
  for (const { group, t, v, s } of series) {
    const labels = { __name__: metric, freshet_project: "demo", ...group };
    const points = t.flatMap((end, i): [number, number][] => (s[i] === 3 ? [[end, v[i] ?? Number.NaN]] : []));
    if (points.length > 0) expected.set(labelKey(labels), points);
  }
  return expected;
}

/** Waits until every point of a metric is sealed. */
export async function untilSealed(freshet: Freshet, metric: string, timeoutMs = 60_000): Promise<void> {
  const deadlineMs = Date.now() + timeoutMs;
  for (;;) {
    const { series } = await query(freshet, metric);
    if (series.length > 0 && series.every(({ s }: Series) => s.every((state) => state === 3))) return;
    if (Date.now() > deadlineMs) throw new Error(`${metric} is not sealed`);
    await sleep(250);
  }
}

/** Waits until the store has these many samples under a selector, or as long as it may take. */
export async function untilStored(
  url: string,
  selector: string,
  samples: number,
  timeoutMs = 90_000,
): Promise<void> {
  const deadlineMs = Date.now() + timeoutMs;
  for (;;) {
    const stored = await exportSeries(url, selector).catch((): StoredSeries => new Map());
    const count = countOf(stored);
    if (count >= samples || Date.now() > deadlineMs) return;
    await sleep(500);
  }
}

export function countOf(stored: StoredSeries): number {
  return [...stored.values()].reduce((sum, points) => sum + points.length, 0);
}

/** Asks until there is an answer: the server may be being started again. */
async function query(freshet: Freshet, metric: string): Promise<QueryAnswer> {
  for (let tries = 1; ; tries++) {
    try {
      const response = await freshet.fetch(`/v1/query?metric=${metric}&from=now-1h`, {}, "demo-read");
      if (response.ok) return (await response.json()) as QueryAnswer;
      throw new Error(`${response.status} ${await response.text()}`);
    } catch (error) {
      if (tries === 100) throw error;
      await sleep(250);
    }
  }
}

function labelKey(labels: Record<string, string>): string {
  const pairs = Object.entries(labels).filter(([, value]) => value !== "");
  return JSON.stringify(pairs.sort(([a], [b]) => (a < b ? -1 : 1)));
}
