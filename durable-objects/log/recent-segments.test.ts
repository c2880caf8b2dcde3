import { describe, expect, test } from "vitest";
import { RecentSegments } from "./recent-segments.ts";

/** Segments of two records and ten bytes each, from offset 0 on. */
function filled(segments: number, maxBytes: number): RecentSegments {
  const recent = new RecentSegments(maxBytes);
  for (let i = 0; i < segments; i++) {
    recent.push({ firstOffset: i * 2, count: 2, body: new Uint8Array(10).fill(i) });
  }
  return recent;
}

const offsetsFrom = (recent: RecentSegments, from: number, maxBytes: number): number[] | undefined =>
  recent.from(from, maxBytes)?.map(({ firstOffset }) => firstOffset);

describe("recent segments", () => {
  test("begin with the one that holds the offset, even in its middle", () => {
    const recent = filled(4, 1_000);
    expect(offsetsFrom(recent, 2, 1_000)).toEqual([2, 4, 6]);
    expect(offsetsFrom(recent, 3, 1_000)).toEqual([2, 4, 6]);
  });

  test("are as many as fit, and one at least", () => {
    const recent = filled(4, 1_000);
    expect(offsetsFrom(recent, 0, 25)).toEqual([0, 2]);
    expect(offsetsFrom(recent, 0, 1)).toEqual([0]);
  });

  test("know nothing of what is older, newer, or was cleared", () => {
    const recent = filled(4, 25);
    expect(offsetsFrom(recent, 3, 1_000)).toBeUndefined();
    expect(offsetsFrom(recent, 4, 1_000)).toEqual([4, 6]);
    expect(offsetsFrom(recent, 8, 1_000)).toBeUndefined();
    recent.clear();
    expect(offsetsFrom(recent, 4, 1_000)).toBeUndefined();
  });

  test("let even a segment go that is larger than all the room", () => {
    const recent = new RecentSegments(5);
    recent.push({ firstOffset: 0, count: 1, body: new Uint8Array(6) });
    expect(recent.from(0, 10)).toBeUndefined();
    recent.push({ firstOffset: 1, count: 1, body: new Uint8Array(5) });
    expect(offsetsFrom(recent, 1, 10)).toEqual([1]);
  });
});
