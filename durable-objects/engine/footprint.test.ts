import { describe, expect, it } from "vitest";
import { stateBytes } from "../../protocol/footprint.ts";
import { LIMITS } from "../../protocol/limits.ts";
import { parseMetric } from "../../protocol/metric.ts";
import { type Filling, fillWindows } from "../../test/helpers/filled-windows.ts";

const MIB = 2 ** 20;
/** Of an isolate's 128 MB, what the runtime and the code leave. */
const HEAP_MB = 110;

const TUMBLING = { type: "tumbling", size: "1s" };
const SLIDING = { type: "sliding", size: "1m", every: "1s" };
const HOUR = { type: "sliding", size: "1h", every: "1s" };
const FILLINGS: Record<string, Filling> = {
  "a tumbling count": {
    definition: { aggregate: "count", window: TUMBLING, maxGroups: 9_000 },
    groups: 5_000,
    events: 1,
    seconds: 30,
    untilBytes: 8 * MIB,
  },
  "a sliding average": {
    definition: { aggregate: "avg(value)", window: SLIDING, maxGroups: 1_000 },
    groups: 400,
    events: 2,
    seconds: 60,
    untilBytes: 8 * MIB,
  },
  "a tumbling p95": {
    definition: { aggregate: "p95(value)", window: TUMBLING, maxGroups: 1_000 },
    groups: 200,
    events: 20,
    seconds: 30,
    untilBytes: 8 * MIB,
  },
  "a p95 of an hour that moves every second": {
    definition: { aggregate: "p95(value)", window: HOUR, maxGroups: 5 },
    groups: 5,
    events: 5,
    seconds: 3_700,
    untilBytes: 10 * MIB,
  },
  "uniques of an hour that moves every second": {
    definition: { aggregate: "uniques(user)", window: HOUR, maxGroups: 5 },
    groups: 5,
    events: 5,
    seconds: 3_700,
    untilBytes: 12 * MIB,
  },
  "uniques of many": {
    definition: { aggregate: "uniques(user)", window: TUMBLING, maxGroups: 1_000 },
    groups: 20,
    events: 2_000,
    seconds: 30,
    untilBytes: 8 * MIB,
  },
  "a sliding ranking": {
    definition: { aggregate: "topk(10, user)", window: SLIDING, maxGroups: 100 },
    groups: 10,
    events: 10,
    seconds: 130,
    untilBytes: 16 * MIB,
  },
  "a tumbling histogram": {
    definition: { aggregate: "histogram(value)", window: TUMBLING, maxGroups: 1_000 },
    groups: 200,
    events: 20,
    seconds: 30,
    untilBytes: 8 * MIB,
  },
  "sliding groups that come once": {
    definition: { aggregate: "count", window: SLIDING, maxGroups: 1_000 },
    groups: 400,
    events: 1,
    isChurning: true,
    seconds: 130,
    untilBytes: 16 * MIB,
  },
  "groups with long names": {
    definition: { aggregate: "count", window: TUMBLING, maxGroups: 2_000 },
    groups: 2_000,
    events: 1,
    prefix: "/the/path/of/a/page/that/somebody/reads/",
    seconds: 40,
    untilBytes: 16 * MIB,
  },
  sessions: {
    definition: { aggregate: "count", window: { type: "session", gap: "30s", every: "10s" } },
    groups: 1,
    events: 4_000,
    seconds: 20,
    untilBytes: 8 * MIB,
  },
};

describe("[W5] the memory", () => {
  it.each(Object.entries(FILLINGS))(
    "[W5] of %s is about what it is reckoned to be, and not more",
    async (_, filling) => {
      const { accountedBytes, heapBytes } = await fillWindows(filling, 512);
      expect(accountedBytes).toBeGreaterThan(MIB);
      expect(heapBytes).toBeLessThan(accountedBytes * 1.1);
      expect(heapBytes).toBeGreaterThan(accountedBytes / 3);
    },
    120_000,
  );

  it.each([
    ["a tumbling average", { aggregate: "avg(value)", window: TUMBLING, maxGroups: 500 }, 500, 60],
    ["a sliding count", { aggregate: "count", window: SLIDING, maxGroups: 200 }, 200, 150],
    [
      "a count of an hour that moves every second",
      { aggregate: "count", window: HOUR, maxGroups: 5 },
      5,
      3_700,
    ],
  ])("[W5] of %s is bounded by what its definition was admitted for", async (_, source, groups, seconds) => {
    const metric = parseMetric("m", { event: "e", groupBy: ["g"], ...source });
    const admittedBytes = metric.ok ? stateBytes(metric.value) : 0;
    const filling = { definition: source, groups, events: 1, seconds, untilBytes: Number.POSITIVE_INFINITY };
    const { mostBytes } = await fillWindows(filling, 512);
    expect(mostBytes).toBeLessThan(admittedBytes);
    expect(mostBytes).toBeGreaterThan(admittedBytes / 3);
  });

  it("[W5] of a full object and a checkpoint of it is less than an isolate's", async () => {
    const filling: Filling = {
      definition: { aggregate: "p95(value)", window: TUMBLING, maxGroups: 9_000 },
      groups: 8_000,
      events: 3,
      seconds: 40,
      untilBytes: LIMITS.windowStateBytes,
    };
    const { accountedBytes, checkpointLength } = await fillWindows(filling, HEAP_MB);
    // Measured from an eighth of it on.
    expect(accountedBytes).toBeGreaterThan(LIMITS.windowStateBytes / 2);
    expect(checkpointLength).toBeGreaterThan(MIB);
  }, 240_000);
});
