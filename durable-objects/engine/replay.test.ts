import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Event } from "../../protocol/event.ts";
import { at, define, Feed, START_MS } from "../../test/helpers/window-feed.ts";
import { Replay } from "./replay.ts";
import type { SealedPoint } from "./sealed-point.ts";

const STRETCH_MS = 10_000;
const WINDOWS = [
  { type: "tumbling", size: "1s" },
  { type: "sliding", size: "25s", every: "5s" },
  { type: "session", gap: "4s", every: "2s" },
];
const arrivals = fc.array(fc.tuple(fc.nat(60_000), fc.constantFrom("a", "b", "c")), { maxLength: 60 });

/** `end|group|value`, in whatever order. */
function told(points: readonly SealedPoint[]): string[] {
  return points.map(([end, key, kept]) => `${end}|${key}|${JSON.stringify(kept)}`).sort();
}

describe("[W6] replaying past events", () => {
  it.each(WINDOWS)("[W6] gives what %j gave live", (window) => {
    fc.assert(
      fc.property(arrivals, (moments) => {
        const defined = define({ window, groupBy: ["g"], lateness: "2m" });
        const events = moments.map(([offsetMs, g]): Event => at(offsetMs, { g }, { user: g }));
        const feed = new Feed(defined);
        for (const event of events) feed.range(0, [event], START_MS + 60_000);
        feed.idle(START_MS + 600_000);
        feed.restart();
        const replay = new Replay(defined.metric);
        const points: SealedPoint[] = [];
        for (let from = START_MS; from <= START_MS + 60_000; from += STRETCH_MS) {
          replay.add(events.filter(({ ts }) => ts >= from && ts < from + STRETCH_MS));
          points.push(...replay.advance(from + STRETCH_MS));
        }
        points.push(...replay.finish());
        expect(told(points)).toEqual(told(feed.sealed));
        expect(replay.counts.late).toBe(0);
      }),
    );
  });
});
