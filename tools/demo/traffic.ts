import { setTimeout as sleep } from "node:timers/promises";
import { BatchingSender } from "../../client/node/batching-sender.ts";
import { sendHostMetrics } from "../../client/node/host-metrics.ts";
import type { Event } from "../../protocol/event.ts";
import { adsTraffic } from "./ads-traffic.ts";
import { gameTraffic } from "./game-traffic.ts";
import { seededRandom } from "./randomness.ts";

const TICK_MS = 250;
/** After a pause (the machine slept) the demo goes on from now: what it missed would only be late. */
const LONGEST_CATCH_UP_MS = 2_000;

/**
 * What the ads and the game send for the `elapsedMs` before `nowMs`, in the order in which it happened; the same for the
 * same time and the same `random`.
 */
export function trafficAt(nowMs: number, elapsedMs: number, random: () => number): Event[] {
  const events = [...adsTraffic(nowMs, elapsedMs, random), ...gameTraffic(nowMs, elapsedMs, random)];
  return events.sort((a, b) => a.ts - b.ts);
}

export interface DemoTrafficOptions {
  url: string;
  writeKey: string;
  signal: AbortSignal;
  onProblem?: (message: string) => void;
  seed?: number;
}

/** Feeds the demo's dashboards until `signal` aborts: this machine's metrics, and generated ads and game traffic. */
export async function startDemoTraffic(options: DemoTrafficOptions): Promise<void> {
  const { url, writeKey, signal, onProblem, seed = 1 } = options;
  const sender = new BatchingSender({ url, key: writeKey, sameClock: true, ...(onProblem && { onProblem }) });
  const send = (event: Event) => sender.send(event);
  try {
    await Promise.all([
      sendHostMetrics({ intervalMs: 1_000, signal, send }),
      generate(send, seededRandom(seed), signal),
    ]);
  } finally {
    await sender.close(500);
  }
}

async function generate(
  send: (event: Event) => void,
  random: () => number,
  signal: AbortSignal,
): Promise<void> {
  let doneMs = Date.now();
  while (!signal.aborted) {
    await sleep(TICK_MS, undefined, { signal }).catch(() => {});
    const nowMs = Date.now();
    const elapsedMs = Math.min(Math.max(0, nowMs - doneMs), LONGEST_CATCH_UP_MS);
    for (const event of trafficAt(nowMs, elapsedMs, random)) send(event);
    doneMs = nowMs;
  }
}
