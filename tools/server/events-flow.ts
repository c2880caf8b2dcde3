import { setTimeout as sleep } from "node:timers/promises";
import type { QueryAnswer } from "../../protocol/series.ts";

const ASK_EVERY_MS = 200;

/** Waits until a metric of the project has a point newer than `sinceMs`. @returns whether that came in time. */
export async function waitForPoints(
  url: string,
  readKey: string,
  sinceMs: number,
  timeoutMs: number,
): Promise<boolean> {
  const deadlineMs = Date.now() + timeoutMs;
  while (Date.now() < deadlineMs) {
    try {
      for (const metric of await metricNames(url, readKey)) {
        if (await hasPoint(url, readKey, metric, sinceMs)) return true;
      }
    } catch {
      // The server is busy starting, or is being started again.
    }
    await sleep(ASK_EVERY_MS);
  }
  return false;
}

async function metricNames(url: string, readKey: string): Promise<string[]> {
  const { metrics } = await get<{ metrics: { name: string }[] }>(`${url}/v1/catalog/metrics`, readKey);
  return metrics.map(({ name }) => name);
}

async function hasPoint(url: string, readKey: string, metric: string, sinceMs: number): Promise<boolean> {
  // A window's point carries its end, which may lie ahead of now.
  const query = new URLSearchParams({ metric, from: String(sinceMs), to: String(Date.now() + 60_000) });
  const { series } = await get<QueryAnswer>(`${url}/v1/query?${query.toString()}`, readKey);
  return series.some(({ v }) => v.some((value) => value !== null && value !== 0));
}

async function get<T>(address: string, key: string): Promise<T> {
  const response = await fetch(address, {
    headers: { authorization: `Bearer ${key}` },
    signal: AbortSignal.timeout(5_000),
  });
  if (!response.ok) throw new Error(`HTTP ${response.status}`);
  return (await response.json()) as T;
}
