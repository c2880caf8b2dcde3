import { describe, expect, it } from "vitest";
import { decodeFrame } from "../../protocol/live-binary.ts";
import type { Group, Series } from "../../protocol/series.ts";
import type { LiveFrame } from "./live-frame.ts";
import { MetricFeed, type Reader } from "./metric-feed.ts";

const LIFE = 9;

const series = (g: string, value: number): Series => ({ group: { g }, t: [1_000], v: [value], s: [0] });

const frame = (sequence: number, ...points: Series[]): LiveFrame => ({
  metric: "m",
  position: { life: LIFE, sequence },
  delta: { after: sequence - 1, series: JSON.stringify(points), watermark: 500, lag: 3 },
});

const reader = (more: Partial<Reader> = {}): Reader => ({
  id: "1",
  isCompact: false,
  groups: undefined,
  groupsKey: "",
  tag: "t",
  sequence: 0,
  known: 0,
  asks: false,
  ...more,
});

const onlyA = { groups: [{ g: "a" }], groupsKey: "a" };

/** The groups that a compact frame names. */
function namedIn(data: string | Uint8Array | undefined): Group[] {
  const names = { generation: -1, groups: new Map<number, Group>() };
  decodeFrame(data as Uint8Array, () => names);
  return [...names.groups.values()];
}

describe("[L4] what a hub encodes of a metric", () => {
  it("[L4] is the same object for all who want the same, and another for those who do not", () => {
    const feed = new MetricFeed();
    feed.take(frame(1, series("a", 1), series("b", 2)), 0);
    const first = feed.delta(reader(), 0);
    expect(feed.delta(reader(), 0)).toBe(first);
    for (const other of [{ id: "2" }, { isCompact: true }, { asks: true }, { tag: "u" }, onlyA]) {
      expect(feed.delta(reader(other), 0)).not.toBe(first);
    }
    expect(feed.delta(reader({ groups: [{ g: "z" }], groupsKey: "z" }), 0)).toBeUndefined();
  });

  it("[L3][L4] is once what many have missed who come back to the same", () => {
    const feed = new MetricFeed();
    feed.take(frame(1, series("a", 1)), 0);
    feed.take(frame(2, series("a", 2)), 0);
    for (const sequence of [1, 2]) {
      const first = feed.recovery(reader({ sequence }), 0);
      expect(JSON.parse(String(first.data))).toMatchObject({
        type: "snapshot",
        recovered: true,
        watermark: 500,
      });
      expect(feed.recovery(reader({ sequence }), 5)).toBe(first);
      expect(feed.delta(reader({ sequence }), 5)).not.toBe(first);
    }
    const before = feed.recovery(reader({ sequence: 2 }), 0);
    feed.take(frame(3, series("a", 3)), 0);
    expect(JSON.parse(String(before.data)).series).toEqual([]);
    expect(JSON.parse(String(feed.recovery(reader({ sequence: 2 }), 0).data)).series).toEqual([
      series("a", 3),
    ]);
  });

  it("[L4] is kept of a bounded number of readers, and snapshots for as long as they serve others", () => {
    const feed = new MetricFeed();
    const position = { life: LIFE, sequence: 1 };
    const snapshot = { position, series: [series("a", 1)], watermark: 500 };
    for (let i = 0; i < 2_000; i++) {
      feed.takeSnapshot(snapshot, 1_000 + i, i);
      feed.snapshot(reader({ id: `${i}` }), snapshot, false);
      feed.snapshot(reader({ groups: [{ g: `${i}` }], groupsKey: `${i}` }), snapshot, false);
    }
    expect(feed.kept.frames).toBeLessThanOrEqual(600);
    expect(feed.kept.snapshots).toBeLessThanOrEqual(1_001);
    feed.take(frame(2, series("a", 2)), 9_000);
    expect(feed.kept).toEqual({ snapshots: 0, frames: 0 });
  });

  it("[L3][L4] is of a snapshot's own range, also where nothing has moved since one of another was sent", () => {
    const feed = new MetricFeed();
    const at = (...t: number[]) => ({
      position: { life: LIFE, sequence: 1 },
      series: [{ group: { g: "a" }, t, v: t, s: t.map(() => 3) } satisfies Series],
      watermark: 500,
    });
    for (const snapshot of [at(3_000), at(1_000, 2_000, 3_000), at(2_000, 3_000)]) {
      const { data } = feed.snapshot(reader(), snapshot, false);
      expect(JSON.parse(String(data)).series).toEqual(snapshot.series);
      expect(feed.snapshot(reader(), snapshot, false).data).toBe(data);
    }
  });

  it("[L4] names groups in compact frames once, and only those that a reader asks for or may see", () => {
    const feed = new MetricFeed();
    feed.take(frame(1, series("a", 1), series("b", 2)), 0);
    const all = feed.delta(reader({ isCompact: true }), 0);
    expect(namedIn(all?.data)).toEqual([{ g: "a" }, { g: "b" }]);
    expect(namedIn(feed.delta(reader({ isCompact: true, ...onlyA }), 0)?.data)).toEqual([{ g: "a" }]);
    feed.take(frame(2, series("c", 3)), 0);
    const { known = 0 } = all ?? {};
    const next = feed.delta(reader({ isCompact: true, sequence: 1, known }), 0);
    expect(namedIn(next?.data)).toEqual([{ g: "c" }]);
  });
});

describe("[L3] what a hub knows of a metric", () => {
  it("[L3] takes nothing of an earlier life, and begins anew with a later one, a gap, or the word that it is broken", () => {
    const feed = new MetricFeed();
    expect(feed.take(frame(3, series("a", 1)), 0)).toBe("added");
    expect(feed.take({ ...frame(9, series("a", 1)), position: { life: LIFE - 1, sequence: 9 } }, 0)).toBe(
      "old",
    );
    expect(feed.take(frame(3, series("a", 1)), 0)).toBe("old");
    expect(feed.take(frame(5, series("a", 1)), 0)).toBe("broken");
    expect(feed.covers({ life: LIFE, sequence: 3 })).toBe(false);
    expect(feed.take({ metric: "m", position: { life: LIFE + 1, sequence: 1 } }, 0)).toBe("broken");
    expect(feed.position).toEqual({ life: LIFE + 1, sequence: 1 });
  });

  it("[L3] refuses a snapshot from before what it has, and goes on from one that is ahead", () => {
    const feed = new MetricFeed();
    feed.take(frame(5, series("a", 1)), 0);
    const at = (life: number, sequence: number) => ({
      position: { life, sequence },
      series: [],
      watermark: null,
    });
    expect(feed.takeSnapshot(at(LIFE, 3), 1_000, 0)).toBe(false);
    expect(feed.takeSnapshot(at(LIFE - 1, 9), 1_000, 0)).toBe(false);
    expect(feed.takeSnapshot(at(LIFE, 4), 1_000, 0)).toBe(true);
    expect(feed.takeSnapshot(at(LIFE, 7), 1_000, 0)).toBe(true);
    expect(feed.recentSnapshot(1_000, 1_000)?.position.sequence).toBe(7);
    expect(feed.recentSnapshot(1_000, 1_001)).toBeUndefined();
    expect(feed.takeSnapshot(at(LIFE + 1, 2), 1_000, 0)).toBe(true);
    expect(feed.position).toEqual({ life: LIFE + 1, sequence: 2 });
  });
});
