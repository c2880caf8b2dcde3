import { describe, expect, it } from "vitest";
import { bucketCounts } from "../../../test/oracle/expected-outcome.ts";
import { DISTRIBUTION_NAMES, drawn, mergedAnyhow, seededRandom, taking } from "./adversarial-data.ts";
import type { Encoded } from "./aggregate.ts";
import { histogram } from "./histogram.ts";
import { percentile } from "./percentile.ts";

const COUNT = 5_000;

function wanted(xs: readonly number[]): { item: string; count: number }[] {
  return Array.from(bucketCounts(xs), ([item, count]) => ({ item, count }));
}

describe.each(DISTRIBUTION_NAMES)("[M2] histogram of %s", (distribution) => {
  it("[M2] counts each value in its bucket, for any split, order and tree of merges", () => {
    const xs = drawn(distribution, COUNT, 1);
    const whole = taking(histogram, xs);
    expect(whole.result()).toEqual(wanted(xs));
    for (const parts of [2, 7, 40]) {
      const merged = mergedAnyhow(histogram, xs, parts, seededRandom(parts));
      expect([merged.result(), merged.encode(), merged.bytes]).toEqual([
        whole.result(),
        whole.encode(),
        whole.bytes,
      ]);
    }
  });

  it("[M2] is the same after its state has been through JSON, and goes on", () => {
    const xs = drawn(distribution, COUNT, 2);
    const first = taking(histogram, xs.slice(0, COUNT / 2));
    const restored = histogram.decode(JSON.parse(JSON.stringify(first.encode())) as Encoded);
    for (const x of xs.slice(COUNT / 2)) restored.add(x);
    expect(restored.result()).toEqual(wanted(xs));
  });

  it("[M2] takes no more memory than a percentile's sketch", () => {
    const xs = drawn(distribution, COUNT, 3);
    expect(taking(histogram, xs).bytes).toBeLessThanOrEqual(
      Math.max(taking(percentile(50), xs).bytes, 9_000),
    );
  });
});

describe("[M2] histogram", () => {
  it("[M2] has a bucket for zero, buckets of negative values, and no end", () => {
    const xs = [0, -0, 1, 1.01, -1, -1.01, 5e-324, -5e-324, 1e300, -1e300, 1e15, 1e-9];
    expect(taking(histogram, xs).result()).toEqual([
      { item: "-1000000000000000", count: 1 },
      { item: "-1", count: 2 },
      { item: "0", count: 3 },
      { item: "1e-9", count: 2 },
      { item: "1", count: 1 },
      { item: "1.12", count: 1 },
      { item: "1000000000000000", count: 1 },
      { item: "+Inf", count: 1 },
    ]);
    expect(histogram.create().result()).toEqual([]);
  });

  it("[M2] has at most 964 buckets, whatever comes, and 9 KB", () => {
    const random = seededRandom(5);
    const all = taking(histogram, []);
    for (let i = 0; i < 50_000; i++) {
      const magnitude = 10 ** (random() * 60 - 30);
      all.add(random() < 0.5 ? -magnitude : magnitude);
    }
    all.add(0);
    expect(all.result()).toHaveLength(964);
    expect(all.bytes).toBeLessThan(9_000);
  });
});
