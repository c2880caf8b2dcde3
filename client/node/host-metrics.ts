import { hostname } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import type { Event, PropValue } from "../../protocol/event.ts";
import { readHost, type HostReading } from "./host-reading.ts";

/**
 * The events that two readings of a host make:
 * `host_cpu` percent of each core, `host_memory` used bytes (props `percent`, `total`), `host_disk` percent of each mount (props
 * `used`, `available`), `host_network` bytes a second by interface and direction `in` or `out`, `host_load` the one minute
 * average (props `load5`, `load15`).
 *
 * @param ts epoch ms that all of them get.
 */
export function hostEvents(before: HostReading, after: HostReading, host: string, ts: number): Event[] {
  const event = (name: string, value: number, props: Record<string, PropValue> = {}): Event => ({
    name,
    ts,
    value,
    props: { host, ...props },
  });
  const { usedBytes, totalBytes } = after;
  const [load1, load5 = 0, load15 = 0] = after.load;
  return [
    ...coreLoads(before, after).map(([core, percent]) => event("host_cpu", percent, { core })),
    event("host_memory", usedBytes, { percent: round((100 * usedBytes) / totalBytes), total: totalBytes }),
    ...after.disks.map(({ path, usedBytes: used, availableBytes: available }) =>
      event("host_disk", round((100 * used) / (used + available)), { mount: path, used, available }),
    ),
    ...networkRates(before, after).map(([name, direction, rate]) =>
      event("host_network", rate, { interface: name, direction }),
    ),
    ...(load1 === undefined
      ? []
      : [event("host_load", round(load1), { load5: round(load5), load15: round(load15) })]),
  ];
}

function coreLoads(before: HostReading, after: HostReading): [core: string, percent: number][] {
  const earlier = new Map(before.cores.map((core) => [core.core, core]));
  return after.cores.flatMap(({ core, busy, total }): [string, number][] => {
    const was = earlier.get(core);
    // None: a core that was switched on, or no clock tick between the readings.
    if (!was || total <= was.total) return [];
    const share = (busy - was.busy) / (total - was.total);
    return [[core, round(100 * Math.min(1, Math.max(0, share)))]];
  });
}

function networkRates(
  before: HostReading,
  after: HostReading,
): [name: string, direction: "in" | "out", bytesPerSecond: number][] {
  const seconds = (after.monotonicMs - before.monotonicMs) / 1000;
  const earlier = new Map(before.interfaces.map((one) => [one.name, one]));
  return after.interfaces.flatMap(({ name, inBytes, outBytes }): [string, "in" | "out", number][] => {
    const was = earlier.get(name);
    // A counter that went back was reset: what it carried in between is not known.
    if (!was || seconds <= 0 || inBytes < was.inBytes || outBytes < was.outBytes) return [];
    return [
      [name, "in", Math.round((inBytes - was.inBytes) / seconds)],
      [name, "out", Math.round((outBytes - was.outBytes) / seconds)],
    ];
  });
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}

export interface HostMetricsOptions {
  intervalMs: number;
  signal: AbortSignal;
  send: (event: Event) => void;
}

/** Samples this machine until `signal` aborts. */
export async function sendHostMetrics({ intervalMs, signal, send }: HostMetricsOptions): Promise<void> {
  const host = hostname();
  let before = await readHost();
  while (!signal.aborted) {
    await sleep(untilNextSample(Date.now(), intervalMs), undefined, { signal }).catch(() => {});
    if (signal.aborted) return;
    const after = await readHost();
    // Woken early, or at once after the start: too short a span to divide by.
    if (after.monotonicMs - before.monotonicMs < intervalMs / 4) continue;
    for (const event of hostEvents(before, after, host, Date.now())) send(event);
    before = after;
  }
}

/**
 * Milliseconds to the next sample: the middle of an interval of the clock. So windows of that size get one sample each, and a timer
 * that is late by less than half of it makes no gap.
 */
export function untilNextSample(nowMs: number, intervalMs: number): number {
  const middle = Math.floor(nowMs / intervalMs) * intervalMs + intervalMs / 2;
  return middle > nowMs ? middle - nowMs : middle + intervalMs - nowMs;
}
