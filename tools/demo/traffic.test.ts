import { expect, test } from "vitest";
import { FakeIngest } from "../../test/helpers/fake-ingest.ts";
import { parseEvent } from "../../protocol/event.ts";
import { seededRandom } from "./randomness.ts";
import { burst, dayRhythm } from "./rhythm.ts";
import { startDemoTraffic, trafficAt } from "./traffic.ts";

const EVENING = Date.UTC(2026, 10, 24, 19);

test("[O1] the same time and the same seed make the same traffic", () => {
  const one = trafficAt(EVENING, 1_000, seededRandom(7));
  expect(trafficAt(EVENING, 1_000, seededRandom(7))).toEqual(one);
  expect(trafficAt(EVENING, 1_000, seededRandom(8))).not.toEqual(one);
});

test("[O1] every event is one that the server takes, within the time asked for, in order", () => {
  const events = trafficAt(EVENING, 5_000, seededRandom(1));
  for (const event of events) {
    expect(parseEvent(event, { receivedMs: EVENING, skewMs: 0 })).toMatchObject({ ok: true });
    expect(event.ts).toBeGreaterThanOrEqual(EVENING - 5_000);
    expect(event.ts).toBeLessThanOrEqual(EVENING);
  }
  expect(events.map(({ ts }) => ts)).toEqual(events.map(({ ts }) => ts).sort((a, b) => a - b));
});

test("[O1] an idle laptop does not notice: 50 to 250 events a second at any hour", () => {
  const random = seededRandom(3);
  for (let hour = 0; hour < 24; hour++) {
    for (let second = 0; second < 60; second++) {
      const count = trafficAt(EVENING + hour * 3_600_000 + second * 1_000, 1_000, random).length;
      expect(count).toBeGreaterThan(50);
      expect(count).toBeLessThan(250);
    }
  }
});

test("[O1] each region reports its players once a second, however the time is cut", () => {
  const reports: string[] = [];
  let nowMs = EVENING;
  for (const elapsedMs of [250, 250, 1, 499, 500, 250, 1_250, 100, 900]) {
    nowMs += elapsedMs;
    for (const { name, ts, props } of trafficAt(nowMs, elapsedMs, seededRandom(1))) {
      if (name === "player_online") reports.push(`${props?.["region"]} ${Math.floor(ts / 1_000)}`);
    }
  }
  expect(reports).toHaveLength(4 * 4);
  expect(new Set(reports).size).toBe(reports.length);
});

test("[O1] the day has its rhythm: most at 20:00 of its place, least twelve hours later", () => {
  const hours = Array.from({ length: 24 }, (_, hour) => dayRhythm(Date.UTC(2026, 10, 24, hour), 1));
  expect(hours.indexOf(Math.max(...hours))).toBe(19);
  expect(hours.indexOf(Math.min(...hours))).toBe(7);
});

test("[O1] bursts come now and then, rise and fall smoothly and are over", () => {
  const plan = { salt: 1, everyMs: 60_000, lastsMs: 12_000, chance: 0.5 };
  const strengths = Array.from({ length: 3_600 }, (_, second) => burst(EVENING + second * 1_000, plan));
  const on = strengths.filter((strength) => strength > 0).length;
  expect(on).toBeGreaterThan(180);
  expect(on).toBeLessThan(600);
  expect(Math.max(...strengths)).toBeGreaterThan(0.9);
  for (const [i, strength] of strengths.entries()) {
    expect(Math.abs(strength - (strengths[i - 1] ?? 0))).toBeLessThan(0.35);
  }
});

test("[O1] sends host metrics and traffic until it is told to stop", async () => {
  const server = new FakeIngest();
  const url = await server.listen();
  await startDemoTraffic({ url, writeKey: "demo-write", signal: AbortSignal.timeout(2_600) });
  await server.close();
  const names = new Set(server.events.map(({ name }) => name));
  expect([...names]).toEqual(
    expect.arrayContaining(["host_memory", "ad_click", "ad_impression", "player_online", "match_start"]),
  );
  expect(server.requests[0]?.headers.authorization).toBe("Bearer demo-write");
});
