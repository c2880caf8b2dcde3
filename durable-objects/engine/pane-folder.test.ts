import { describe, expect, it } from "vitest";
import { at, define, START_MS } from "../../test/helpers/window-feed.ts";
import { compileMetric } from "./compiled-metric.ts";
import { PaneFolder, shardOf } from "./pane-folder.ts";

const SHARDS = 3;
const GROUPS = ["g1", "g2", "g3", "g4", "g5", "g6", "g7"];

describe("[W5] the panes of a split metric", () => {
  it("[W5] are folded for each shard with its groups, and only its events and its skipped ones are counted", () => {
    const compiled = compileMetric(define({ aggregate: "sum(value)", groupBy: ["g"] }));
    const folder = new PaneFolder(compiled, SHARDS);
    for (let i = 0; i < 140; i++) {
      const g = GROUPS[i % GROUPS.length] ?? "";
      // Events of two panes in turn; every fifth round has no value.
      const event = at((i % 2) * 1_000 + i, { g });
      if (i % 35 < GROUPS.length) delete event.value;
      folder.add(event);
    }
    for (let shard = 0; shard < SHARDS; shard++) {
      const own = GROUPS.filter((g) => shardOf(g, SHARDS) === shard);
      const partial = folder.finish(shard);
      expect(partial?.skipped).toBe(own.length * 4);
      for (const [startMs, events, keys, states] of partial?.panes ?? []) {
        expect([START_MS, START_MS + 1_000]).toContain(startMs);
        expect(keys.toSorted()).toEqual(own);
        expect(states).toEqual(own.map(() => 8));
        expect(events).toBe(own.length * 8);
      }
      expect(partial?.panes).toHaveLength(2);
    }
  });

  it("[W5] are none for a shard whose groups did not come", () => {
    const folder = new PaneFolder(compileMetric(define({ groupBy: ["g"] })), SHARDS);
    folder.add(at(0, { g: "a" }));
    const shards = Array.from({ length: SHARDS }, (_, shard) => folder.finish(shard)?.panes?.length);
    expect(shards).toEqual([0, 1, 2].map((shard) => (shard === shardOf("a", SHARDS) ? 1 : undefined)));
  });
});
