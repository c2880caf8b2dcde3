import { env } from "cloudflare:workers";
import { expect, it } from "vitest";
import type { DefinedMetric } from "../../durable-objects/engine/compiled-metric.ts";
import type { PointRow } from "../../durable-objects/storage/point-rows.ts";
import { type Metric, parseMetric } from "../../protocol/metric.ts";

const DAY_MS = Date.UTC(2026, 10, 5);

function metricOf(): Metric {
  const source = { event: "e", aggregate: "count", window: { type: "tumbling", size: "1m" } };
  const parsed = parseMetric("m", source);
  if (!parsed.ok) throw new Error(parsed.message);
  return parsed.value;
}

const DEFINED: DefinedMetric = { metric: metricOf(), revision: 1 };

/** The row of one hour. */
function rowOf(id: number): PointRow {
  const points = Array.from({ length: 60 }, (_, i) => [DAY_MS + (id * 60 + i) * 60_000, "", id, 0]);
  return { id, metric: "m", stepMs: 0, body: JSON.stringify(points) };
}

it("[C1] a batch of points that is repeated while it is under way counts once", async () => {
  const archiver = env.POINT_ARCHIVER.getByName("copies/m/0.1");
  for (let id = 1; id <= 4; id++) {
    const batch = JSON.stringify({
      from: id,
      to: id,
      rows: [rowOf(id)],
      recomputed: [],
      definitions: { m: DEFINED },
    });
    // Whoever has not heard repeats it.
    const copies = [0, 1].map(() => archiver.archive(batch));
    expect(await Promise.all(copies)).toEqual([id, id]);
  }
  const question = { metric: "m", revision: 1, stepMs: 0, afterMs: 0, untilMs: DAY_MS + 86_400_000 };
  expect((await archiver.listing(question)).files).toHaveLength(4);
  expect(await archiver.stats()).toMatchObject({ files: 4, points: 240 });
});
