import { describe, expect, it } from "vitest";
import type { Series } from "../../protocol/series.ts";
import type { Connection, SeriesHandler } from "./connection.ts";
import { LiveSeries, LiveSeriesPool } from "./live-series.ts";
import { View } from "../time/view.ts";

const points = (...t: number[]): Series[] => [{ group: {}, t, v: t, s: t.map(() => 1 as const) }];
const snapshot = (series: Series[], recovered = false) =>
  ({ type: "snapshot", id: "s", cursor: "c", recovered, series, watermark: null }) as const;
const delta = (series: Series[], lag = 0) =>
  ({ type: "delta", id: "s", cursor: "c", series, watermark: null, lag }) as const;

const setUp = () => {
  const clock = { ms: 1_000_000 };
  const view = new View(() => clock.ms);
  return { clock, view, live: new LiveSeries(60_000, view) };
};

describe("LiveSeries", () => {
  it("lays a recovered picture over what it has, and puts any other in its place", () => {
    const { live } = setUp();
    live.snapshot(snapshot(points(900_000, 901_000)));
    live.snapshot(snapshot(points(902_000), true));
    expect(live.buffer.t).toEqual([900_000, 901_000, 902_000]);
    live.snapshot(snapshot(points(903_000)));
    expect(live.buffer.t).toEqual([903_000]);
  });

  it("[U3] is as fresh as the oldest event in the newest news", () => {
    const { live, clock } = setUp();
    live.snapshot(snapshot(points(990_000)));
    expect(live.freshAtMs).toBe(990_000);
    live.delta(delta(points(1_000_000), 300));
    expect(live.freshAtMs).toBe(999_700);
    clock.ms += 5_000;
    live.delta(delta(points(1_000_000), 10));
    expect(live.freshAtMs).toBe(999_700);
  });

  it("[U3] counts the frames that came merged into others", () => {
    const { live } = setUp();
    live.snapshot(snapshot(points(990_000)));
    live.delta({ ...delta(points(991_000)), merged: 3 });
    live.delta(delta(points(992_000)));
    live.delta({ ...delta(points(993_000)), merged: 1 });
    expect(live.merged).toBe(4);
  });

  it("[U2] keeps buffering while the page is paused, and loses nothing that it shows", () => {
    const { live, view, clock } = setUp();
    live.snapshot(snapshot(points(950_000)));
    view.togglePaused();
    for (let i = 0; i < 600; i++) {
      clock.ms += 1_000;
      live.delta(delta(points(clock.ms)));
    }
    expect(live.buffer.t[0]).toBe(950_000);
    expect(live.buffer.newestMs).toBe(clock.ms);
    view.togglePaused();
    live.delta(delta(points(clock.ms + 1_000)));
    expect(live.buffer.t.length).toBeLessThan(160);
  });

  it("[L2] shows an error until data come", () => {
    const { live } = setUp();
    live.failed({ type: "error", id: "s", code: "unknown_metric", message: "no such metric" });
    expect(live.error).toBe("no such metric");
    live.snapshot(snapshot(points(1)));
    expect(live.error).toBeUndefined();
  });
});

describe("LiveSeriesPool", () => {
  it("[U3] tells that a metric may be another than it was, by a picture in place of the one there was", () => {
    let handler: SeriesHandler | undefined;
    let renewed = 0;
    const connection = {
      subscribe: (_request: unknown, given: SeriesHandler) => {
        handler = given;
        return () => undefined;
      },
    };
    const pool = new LiveSeriesPool(connection as unknown as Connection, new View(() => 0), () => renewed++);
    pool.acquire({ metric: "beats", range: "1m" });
    handler?.snapshot(snapshot(points(1)));
    handler?.snapshot(snapshot(points(2), true));
    expect(renewed).toBe(0);
    handler?.snapshot(snapshot(points(3)));
    expect(renewed).toBe(1);
  });
});

describe("View", () => {
  it("[U3] follows the server's clock where the local one is wrong", () => {
    const view = new View(() => 1_000_000);
    view.calibrate(new Date(1_060_000).toUTCString(), 1_000_000, 1_000_100);
    expect(view.clockMs()).toBe(1_060_450);
    view.calibrate(new Date(1_000_000).toUTCString(), 1_000_000, 1_000_100);
    expect(view.clockMs()).toBe(1_000_000);
    view.calibrate(null, 0, 0);
    expect(view.clockMs()).toBe(1_000_000);
  });

  it("[U2] an answer that took long does not move a clock that may be right", () => {
    const view = new View(() => 1_000_000);
    // Asked at 980 s, made at 999.9 s: what the archive had to be read for.
    view.calibrate(new Date(999_900).toUTCString(), 980_000, 1_000_000);
    expect(view.clockMs()).toBe(1_000_000);
    view.calibrate(new Date(1_060_000).toUTCString(), 999_900, 1_000_000);
    view.calibrate(new Date(1_060_000).toUTCString(), 980_000, 1_000_000);
    expect(view.clockMs()).toBe(1_060_550);
  });
});
