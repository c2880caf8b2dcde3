import { describe, expect, it } from "vitest";
import type { Event } from "../../protocol/event.ts";
import { parseMetric } from "../../protocol/metric.ts";
import { compileMetric } from "./compiled-metric.ts";
import { RangeFolder } from "./range-folder.ts";
import type { SealedPoint } from "./sealed-point.ts";
import { SplitReplay } from "./split-replay.ts";
import { WindowSet } from "./window-set.ts";

const EVENTS = Array.from({ length: 3_000 }, (_, i): Event => ({
  name: "e",
  ts: 1_000 + i * 20,
  value: i % 7,
  props: { g: `g${(i * 7_919) % 211}` },
}));

describe("[C4][W5] a split metric, replayed", () => {
  it.each([
    [{ type: "tumbling", size: "10s" }, 1],
    [{ type: "tumbling", size: "10s" }, 3],
    [{ type: "sliding", size: "20s", every: "5s" }, 4],
  ])("[C4][W5] %j over %i objects folds groups in each as it does live", (window, shards) => {
    const source = { event: "e", aggregate: "avg(value)", window, groupBy: ["g"], maxGroups: 40, shards };
    const parsed = parseMetric("m", { ...source, delay: "0s", lateness: "0s" });
    if (!parsed.ok) throw new Error(parsed.message);
    const defined = { metric: parsed.value, revision: 0 };
    const live = Array.from({ length: shards }, (_, index): SealedPoint[] => {
      const set = new WindowSet({ partitions: 1, idlePartitionMs: 1_000 });
      set.define([defined]);
      const folder = new RangeFolder([compileMetric(defined)], { index, of: shards });
      for (const event of EVENTS) folder.add(event);
      const range = { partition: 0, after: -1, from: 0, to: 0, version: 1, oldestReceivedMs: 0 };
      set.step({ type: "range", partial: { ...range, ...folder.finish() } }, 10_000);
      set.step({ type: "caughtUp", partitions: [[0, 200_000]] }, 200_000);
      return set.metric("m")?.takeSealed() ?? [];
    });
    const replay = new SplitReplay(parsed.value);
    replay.add(EVENTS);
    const replayed = replay.advance(200_000);
    expect(replayed).toEqual(live);
    expect(replayed.every((points) => points.some(([, key]) => key.includes("__other__")))).toBe(true);
  });
});
