import { expect, it } from "vitest";
import type { AlertEpisode, AlertsAnswer } from "../../protocol/alert.ts";
import { type AlertPast, withNewest, withOlder } from "./alert-past.ts";

const HOUR = 3_600_000;
const NOW = 1_000 * HOUR;

const fired = (hoursAgo: number, lastsHours: number | null = 1, group = "a"): AlertEpisode => ({
  alert: "busy",
  metric: "m",
  group: { group },
  condition: "> 5",
  firedAt: NOW - hoursAgo * HOUR,
  firedValue: 6,
  resolvedAt: lastsHours === null ? null : NOW - (hoursAgo - lastsHours) * HOUR,
  resolvedValue: null,
});

const answer = (
  episodes: AlertEpisode[],
  { laterHours = 0, truncated = false }: { laterHours?: number; truncated?: boolean } = {},
): AlertsAnswer => {
  const to = NOW + laterHours * HOUR;
  return { from: to - 24 * HOUR, to, rules: [], silences: [], episodes, truncated };
};

const hoursAgo = ({ episodes }: AlertPast) => episodes.map(({ firedAt }) => (NOW - firedAt) / HOUR);

/** A day, and what fired before it. */
function lookedBack(): AlertPast {
  const past = withNewest(undefined, answer([fired(2), fired(70, null)]));
  expect(past).toMatchObject({ older: { to: NOW - 24 * HOUR }, isLong: false });
  const older = { episodes: [fired(30), fired(70, null)], cursor: "c" };
  return withOlder(past, { to: NOW - 24 * HOUR }, older);
}

it("[A1] what fired before the last day is put below it, each alert once, and goes on at the cursor to the end", () => {
  const past = lookedBack();
  expect(hoursAgo(past)).toEqual([2, 30, 70]);
  expect(past.older).toEqual({ to: NOW - 24 * HOUR, cursor: "c" });
  const whole = withOlder(past, { to: NOW - 24 * HOUR, cursor: "c" }, { episodes: [fired(90)] });
  expect(hoursAgo(whole)).toEqual([2, 30, 70, 90]);
  expect(whole.older).toBeUndefined();
});

it("[A1] what was looked up stays when the newest are asked for again, and is resolved with them", () => {
  const next = withNewest(lookedBack(), answer([fired(-1), fired(2), fired(70, 71)], { laterHours: 2 }));
  expect(hoursAgo(next)).toEqual([-1, 2, 30, 70]);
  expect(next.episodes.at(-1)?.resolvedAt).toBe(NOW + HOUR);
  // A page that was asked for before that does not undo it.
  const late = withOlder(next, { to: NOW - 24 * HOUR }, { episodes: [fired(70, null)] });
  expect(late.episodes.at(-1)?.resolvedAt).toBe(NOW + HOUR);
});

it("[A1] nothing is left out without a word: what lies behind a gap goes", () => {
  const past = lookedBack();
  const slept = withNewest(past, answer([fired(-40)], { laterHours: 50 }));
  expect(hoursAgo(slept)).toEqual([-40]);
  expect(slept).toMatchObject({ older: { to: NOW + 26 * HOUR }, isLong: false });
  const flooded = withNewest(past, answer([fired(-3), fired(-2)], { laterHours: 3, truncated: true }));
  expect(hoursAgo(flooded)).toEqual([-3, -2]);
  expect(flooded.older).toEqual({ to: NOW + 2 * HOUR });
});

it("[A1] who has not looked back is shown the last day, whatever was in it before", () => {
  const first = withNewest(undefined, answer([fired(23)]));
  expect(hoursAgo(withNewest(first, answer([fired(2)], { laterHours: 3 })))).toEqual([2]);
});
