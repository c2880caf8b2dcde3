import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseMetric } from "../../protocol/metric.ts";
import { BatchIdMemory } from "./batch-id-memory.ts";
import { compileMetric } from "./compiled-metric.ts";
import type { FoldedRecord } from "./new-batches.ts";
import { foldRange, type FoldTarget } from "./range-fold.ts";

const parsed = parseMetric("m", { event: "e", aggregate: "count", window: { type: "tumbling", size: "1h" } });
if (!parsed.ok) throw new Error(parsed.message);
const metrics = [compileMetric({ metric: parsed.value, revision: 1 })];

function record(offset: number, key: string, events = 1, project = "p"): FoldedRecord {
  const line = JSON.stringify({ name: "e", ts: 1_700_000_000_000 });
  const text = Array.from({ length: events }, () => line).join("\n");
  return { offset, key, project, count: events, receivedAtMs: 1_700_000_000_000, text };
}

function fold(
  records: FoldedRecord[],
  applied = -1,
  batchIds = new BatchIdMemory(3_600_000),
  known = metrics,
) {
  const objects = known.length === 0 ? [] : [{ name: "p", metrics: known, applied }];
  const target: FoldTarget = { version: 1, objects };
  return foldRange(records, {
    partition: 0,
    from: 0,
    to: records.at(-1)?.offset ?? 0,
    targetOf: () => target,
    batchIds,
  });
}

describe("[I3] batches count once", () => {
  it("[I3] a batch that comes again in the same range is left out and counted", () => {
    const range = fold([record(0, "a", 3), record(1, "b", 2), record(2, "a", 3)]);
    expect(range.partials.get("p")?.events).toBe(5);
    expect(range).toMatchObject({ events: 5, duplicateBatches: 1, duplicateEvents: 3 });
  });

  it("[I3] a batch that is remembered from an earlier range is left out", () => {
    const batchIds = new BatchIdMemory(3_600_000);
    for (const batch of fold([record(0, "a")]).batches) batchIds.remember(batch, 1_700_000_000_000);
    expect(fold([record(1, "a")], 0, batchIds).partials.size).toBe(0);
  });

  it("[I3] the same batch id of another project is another batch", () => {
    expect(fold([record(0, "a", 1, "p"), record(1, "a", 1, "q")])).toMatchObject({
      events: 2,
      duplicateBatches: 0,
    });
  });

  it("[I3] reading again from an earlier offset leaves out what the window holds and decides on repeats as before", () => {
    const keys = fc.array(fc.constantFrom("a", "b", "c", "d"), { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(keys, fc.nat(12), (names, cut) => {
        const records = names.map((name, offset) => record(offset, name));
        const applied = Math.min(cut, records.length) - 1;
        const before = fold(records.slice(0, applied + 1)).partials.get("p")?.events ?? 0;
        const after = fold(records, applied).partials.get("p")?.events ?? 0;
        expect(before + after).toBe(new Set(names).size);
      }),
    );
  });
});

describe("what cannot be folded", () => {
  it("counts a record that is no NDJSON as malformed and goes on", () => {
    const broken = { ...record(0, "a", 2), text: "{\n" };
    expect(fold([broken, record(1, "b")])).toMatchObject({ malformedEvents: 2, events: 1 });
  });

  it("sends nothing for a project without metrics", () => {
    expect(fold([record(0, "a")], -1, new BatchIdMemory(1_000), []).partials.size).toBe(0);
  });
});
