import type { MetricSource } from "../../protocol/metric.ts";
import type { QueryAnswer } from "../../protocol/series.ts";

/** Given to the servers under measurement as `ROOT_KEY`. */
export const ROOT_KEY = "bench-root-key-0000";
export const PROJECT_KEYS = { write: "bench-write", read: "bench-read", admin: "bench-admin" } as const;

/** What the events are counted into: a tumbling count, a sliding one, and a sum. */
export const METRICS: MetricSource[] = [
  {
    name: "clicks",
    event: "ad_click",
    aggregate: "count",
    window: { type: "tumbling", size: "1s" },
    groupBy: ["campaign"],
  },
  {
    name: "clicks_last_minute",
    event: "ad_click",
    aggregate: "count",
    window: { type: "sliding", size: "1m", every: "1s" },
    groupBy: ["campaign"],
  },
  {
    name: "spend",
    event: "ad_click",
    aggregate: "sum(value)",
    window: { type: "tumbling", size: "10s" },
    groupBy: ["country"],
  },
];

/** Makes the project, its keys and its metrics on a fresh server. */
export async function createProject(url: string): Promise<void> {
  await put(`${url}/v1/catalog/projects/bench`, ROOT_KEY, {});
  for (const [role, key] of Object.entries(PROJECT_KEYS)) {
    await put(`${url}/v1/catalog/projects/bench/keys/${role}`, ROOT_KEY, { key, role });
  }
  for (const metric of METRICS) await putMetric(url, metric);
}

export function putMetric(url: string, metric: MetricSource): Promise<void> {
  return put(`${url}/v1/catalog/metrics/${metric.name}`, PROJECT_KEYS.admin, metric);
}

async function put(url: string, key: string, body: unknown): Promise<void> {
  const response = await fetch(url, {
    method: "PUT",
    headers: { authorization: `Bearer ${key}` },
    body: JSON.stringify(body),
  });
  if (!response.ok) throw new Error(`PUT ${url}: ${response.status} ${await response.text()}`);
}

/** Events that the windows of `clicks` hold from `fromMs` on. */
export async function countedEvents(url: string, fromMs: number): Promise<number> {
  const query = `metric=clicks&from=${fromMs}&to=${Date.now()}&key=${PROJECT_KEYS.read}`;
  const response = await fetch(`${url}/v1/query?${query}`);
  const answer = (await response.json()) as QueryAnswer;
  if (!response.ok) throw new Error(`the query answered ${response.status}: ${JSON.stringify(answer)}`);
  return answer.series.flatMap(({ v }) => v).reduce<number>((sum, value) => sum + (value ?? 0), 0);
}

/**
 * Waits until the windows hold exactly `expected` events.
 *
 * @throws Error when they hold more, or do not come to it in time.
 */
export async function awaitCounted(url: string, fromMs: number, expected: number): Promise<void> {
  const deadlineMs = Date.now() + 30_000;
  for (;;) {
    const counted = await countedEvents(url, fromMs);
    if (counted === expected) return;
    if (counted > expected || Date.now() > deadlineMs) {
      throw new Error(`the windows hold ${counted} events; accepted were ${expected}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
