import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Event } from "../../protocol/event.ts";
import { at, define, Feed, PARTITIONS, START_MS } from "../../test/helpers/window-feed.ts";
import { readSealed } from "./sealed-point.ts";
import { addSession, type Session } from "./sessions.ts";

const GAP_MS = 2_000;
const session = (overrides: object = {}) =>
  define({ window: { type: "session", gap: "2s", every: "1s" }, ...overrides });
const by = (user: string, offsetMs: number): Event => at(offsetMs, {}, { user });

describe("[W7] sessions", () => {
  it("[W7] a silence of the gap ends one; it counts in the slice in which it ends", () => {
    const feed = new Feed(session());
    // Ends: 0.1 + 1.9 is less than the gap away, so one session until 2 + 2 = 4 s; the next until 6.5 s.
    feed.range(0, [by("a", 100), by("a", 2_000), by("a", 4_500)], START_MS + 4_500);
    feed.idle(START_MS + 60_000);
    expect(feed.states()).toEqual([
      [4_000, 1, 3],
      [7_000, 1, 3],
    ]);
  });

  it("[W7] users and groups have sessions of their own; events without a user are counted as skipped", () => {
    const feed = new Feed(session({ groupBy: ["g"] }));
    const events = [by("a", 0), by("b", 0), at(0, { g: "x" }, { user: "a" }), at(100, { g: "x" }), at(200)];
    feed.range(0, events, START_MS + 200);
    feed.idle(START_MS + 60_000);
    expect(feed.byGroup()).toEqual({ "": [[2_000, 2]], x: [[2_000, 1]] });
    expect(feed.windows.counts.skipped).toBe(2);
  });

  it.each([
    ["count", [1, 1]],
    ["avg(duration)", [500, 1_500]],
    ["max(duration)", [500, 1_500]],
    ["sum(events)", [2, 3]],
    ["rate", [1, 1]],
    ["p50(events)", [2, 3]],
  ])("[W7] %s over the sessions of a slice", (aggregate, wanted) => {
    const feed = new Feed(session({ aggregate }));
    // a ends at 2.5 s, b at 3.5 s: a slice each.
    const events = [by("a", 0), by("a", 500), by("b", 0), by("b", 700), by("b", 1_500)];
    feed.range(0, events, START_MS + 1_500);
    feed.idle(START_MS + 60_000);
    for (const [i, [t, v]] of feed.states().entries()) {
      expect(t).toBe(3_000 + i * 1_000);
      expect(Math.abs(Number(v) / (wanted[i] ?? 0) - 1)).toBeLessThan(0.01);
    }
    expect(feed.states()).toHaveLength(2);
  });

  it("[W7] is provisional once it has ended by event time, and moves on when its user comes back", () => {
    const feed = new Feed(session({ delay: "5s" }));
    feed.windows.retell();
    feed.range(0, [by("a", 0)], START_MS);
    expect(feed.windows.changes()).toEqual([]);
    feed.range(0, [by("b", 2_000)], START_MS + 2_000);
    expect(feed.windows.changes()).toMatchObject([{ t: [START_MS + 2_000], v: [1], s: [0] }]);
    // Late, but in time to prolong the session: it ends in another slice now.
    feed.range(1, [by("a", 1_900)], START_MS + 2_000);
    expect(feed.windows.changes()).toMatchObject([{ t: [START_MS + 2_000], v: [null], s: [0] }]);
  });

  it("[W7] an event whose session would lie in a sealed slice is late", () => {
    const feed = new Feed(session({ delay: "0s", lateness: "1s" }));
    feed.moveTo(60_000);
    feed.range(0, [by("a", 100)], START_MS + 60_000);
    expect(feed.windows.counts.late).toBe(1);
  });

  it("[W7] adding is associative and commutative", () => {
    const fragments = fc.array(fc.tuple(fc.nat(60), fc.nat(4)), { maxLength: 12 });
    fc.assert(
      fc.property(fragments, fc.integer(), (spans, seed) => {
        const shuffled = [...spans].sort((a, b) => ((a[0] * 7 + seed) % 13) - ((b[0] * 7 + seed) % 13));
        expect(added(shuffled)).toEqual(added(spans));
      }),
    );
  });

  it("[W6] equal those of all events at once, in any order, split and restart", () => {
    const arrivals = fc.array(
      fc.record({
        partition: fc.nat(PARTITIONS - 1),
        passedMs: fc.nat(1_500),
        agoMs: fc.nat(5_000),
        user: fc.constantFrom("a", "b", "c"),
        restart: fc.boolean(),
      }),
      { maxLength: 40 },
    );
    fc.assert(
      fc.property(arrivals, (steps) => {
        const defined = session({ aggregate: "sum(duration)" });
        const feed = new Feed(defined);
        const times: Record<string, number[]> = {};
        let nowMs = START_MS;
        for (const { partition, passedMs, agoMs, user, restart } of steps) {
          nowMs += passedMs;
          const ts = nowMs - agoMs;
          (times[user] ??= []).push(ts);
          feed.range(partition, [by(user, ts - START_MS)], nowMs);
          if (restart) feed.restart();
        }
        feed.idle(nowMs + 120_000);
        feed.restart();
        const sealed = feed.sealed.map((point) => readSealed(feed.windows.compiled, point));
        expect(sealed.map(({ end, outcome }) => [end, outcome])).toEqual(durations(times));
      }),
      { numRuns: 300 },
    );
  });
});

function added(spans: readonly (readonly [number, number])[]): Session[] {
  const sessions: Session[] = [];
  for (const [firstMs, length] of spans) {
    addSession(sessions, { firstMs, lastMs: firstMs + length, events: 1 }, 3);
  }
  return sessions;
}

/** Sum of the sessions' durations for each slice of a second, ascending. */
function durations(times: Record<string, number[]>): [number, number][] {
  const slices = new Map<number, number>();
  for (const all of Object.values(times)) {
    const sorted = [...all].sort((a, b) => a - b);
    let firstMs = sorted[0] ?? 0;
    for (const [i, ts] of sorted.entries()) {
      const next = sorted[i + 1];
      if (next !== undefined && next - ts < GAP_MS) continue;
      const end = Math.ceil((ts + GAP_MS) / 1_000) * 1_000;
      slices.set(end, (slices.get(end) ?? 0) + ts - firstMs);
      firstMs = next ?? 0;
    }
  }
  return [...slices].sort(([a], [b]) => a - b);
}
