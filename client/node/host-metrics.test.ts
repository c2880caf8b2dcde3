import { expect, test } from "vitest";
import { parseEvent, type Event } from "../../protocol/event.ts";
import { hostEvents, sendHostMetrics, untilNextSample } from "./host-metrics.ts";
import { readHost, type HostReading } from "./host-reading.ts";

const BEFORE: HostReading = {
  monotonicMs: 10_000,
  cores: [
    { core: "0", busy: 100, total: 1_000 },
    { core: "1", busy: 100, total: 1_000 },
  ],
  usedBytes: 0,
  totalBytes: 1,
  disks: [],
  interfaces: [
    { name: "eth0", inBytes: 1_000, outBytes: 500 },
    { name: "wlan0", inBytes: 9_000, outBytes: 500 },
  ],
  load: [],
};

const AFTER: HostReading = {
  monotonicMs: 12_000,
  cores: [
    { core: "0", busy: 150, total: 1_200 },
    { core: "1", busy: 100, total: 1_000 },
    { core: "2", busy: 5, total: 10 },
  ],
  usedBytes: 250,
  totalBytes: 1_000,
  disks: [{ path: "/", usedBytes: 30, availableBytes: 70 }],
  interfaces: [
    { name: "eth0", inBytes: 5_000, outBytes: 1_500 },
    { name: "wlan0", inBytes: 100, outBytes: 600 },
    { name: "new0", inBytes: 1, outBytes: 1 },
  ],
  load: [1.234, 0.5, 0.25],
};

test("[I8] two readings become CPU, memory, disk, network and load", () => {
  const events = hostEvents(BEFORE, AFTER, "h", 77);
  expect(events.map(({ name, value, props }) => [name, value, props])).toEqual([
    ["host_cpu", 25, { host: "h", core: "0" }],
    ["host_memory", 250, { host: "h", percent: 25, total: 1_000 }],
    ["host_disk", 30, { host: "h", mount: "/", used: 30, available: 70 }],
    ["host_network", 2_000, { host: "h", interface: "eth0", direction: "in" }],
    ["host_network", 500, { host: "h", interface: "eth0", direction: "out" }],
    ["host_load", 1.23, { host: "h", load5: 0.5, load15: 0.25 }],
  ]);
  expect(new Set(events.map(({ ts }) => ts))).toEqual(new Set([77]));
});

test("[I8] a machine that tells little makes few events and no NaN", () => {
  const silent = { ...AFTER, cores: [], disks: [], interfaces: [], load: [] };
  expect(hostEvents(BEFORE, silent, "h", 77).map(({ name }) => name)).toEqual(["host_memory"]);
});

test("[I8] this machine's readings make events that the server takes", async () => {
  const before = await readHost();
  await new Promise((resolve) => setTimeout(resolve, 50));
  const events = hostEvents(before, await readHost(), "h", 77);
  for (const event of events) {
    expect(parseEvent(event, { receivedMs: 77, skewMs: 0 })).toMatchObject({ ok: true });
    expect(event.value).toBeGreaterThanOrEqual(0);
  }
  const names = new Set(events.map(({ name }) => name));
  expect(names).toContain("host_memory");
  expect(names).toContain("host_disk");
});

test("[I8] samples fall into the middle of an interval, so that each window gets one", () => {
  expect(untilNextSample(5_000, 1_000)).toBe(500);
  expect(untilNextSample(5_500, 1_000)).toBe(1_000);
  expect(untilNextSample(5_900, 1_000)).toBe(600);
});

test("[I8] samples until it is told to stop, one an interval", async () => {
  const events: Event[] = [];
  const signal = AbortSignal.timeout(1_050);
  await sendHostMetrics({ intervalMs: 200, signal, send: (event) => events.push(event) });
  const intervals = events.filter(({ name }) => name === "host_memory").map(({ ts }) => Math.floor(ts / 200));
  expect(intervals.length).toBeGreaterThanOrEqual(3);
  expect(new Set(intervals).size).toBe(intervals.length);
});
