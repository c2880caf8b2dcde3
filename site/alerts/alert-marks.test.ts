import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { AlertsAnswer } from "../../protocol/alert.ts";
import type { ChartMark, MetricThreshold } from "../slots.ts";
import { View } from "../time/view.ts";
import { alertMarks } from "./alert-marks.ts";

const NOW_MS = 1_700_000_000_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const RULES = [
  { name: "slow", metric: "latency", condition: "> 120", groups: [{ region: "asia" }] },
  { name: "quiet", metric: "latency", condition: "no data" },
];

let asked: [fromMs: number, toMs: number][] = [];
let truncated = false;
let told: { marks: readonly ChartMark[]; thresholds: readonly MetricThreshold[] }[] = [];
let stop: () => void = () => undefined;

beforeEach(() => {
  vi.useFakeTimers({ now: NOW_MS });
  [asked, told, truncated] = [[], [], false];
  vi.stubGlobal("fetch", (path: string) => {
    const { pathname, searchParams } = new URL(path, "http://localhost");
    if (pathname === "/v1/catalog/alerts") return Promise.resolve(Response.json({ alerts: RULES }));
    const [fromMs, toMs] = [Number(searchParams.get("from")), Number(searchParams.get("to"))];
    asked.push([fromMs, toMs]);
    const fired = { alert: "slow", metric: "latency", group: { region: "asia" }, condition: "> 120" };
    const episode = { ...fired, firedAt: toMs - 1_000, firedValue: 130, resolvedAt: toMs, resolvedValue: 9 };
    const span = { from: fromMs, to: toMs };
    const answer: AlertsAnswer = { ...span, rules: [], silences: [], episodes: [episode], truncated };
    if (truncated) answer.cursor = "further";
    return Promise.resolve(Response.json(answer));
  });
});
afterEach(() => {
  stop();
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

function follow(view: View, ownMs: number): void {
  stop = alertMarks("a-read-key", (marks, thresholds = []) => told.push({ marks, thresholds }), {
    view,
    ownMs,
  });
}

it("[A1] marks are of the range that is shown, however long ago, and of a margin to pan into", async () => {
  const view = new View(() => Date.now());
  follow(view, 2 * DAY_MS);
  await vi.advanceTimersByTimeAsync(0);
  expect(asked).toEqual([[NOW_MS - 3 * DAY_MS, NOW_MS + DAY_MS]]);
  const fromMs = NOW_MS - 90 * DAY_MS;
  for (const later of [1, 2, 3]) view.choose({ fromMs: fromMs + later, toMs: fromMs + later + HOUR_MS });
  await vi.advanceTimersByTimeAsync(1_000);
  // While somebody pans, nothing is asked.
  expect(asked.slice(1)).toEqual([[fromMs + 3 - HOUR_MS / 2, fromMs + 3 + 1.5 * HOUR_MS]]);
  expect(told.at(-1)?.marks).toMatchObject([{ label: "slow: asia", metric: "latency", tone: "alert" }]);
  view.choose({ lastMs: 30 * DAY_MS });
  await vi.advanceTimersByTimeAsync(1_000);
  expect(asked.at(-1)?.[0]).toBeLessThan(NOW_MS - 30 * DAY_MS);
});

it("[A1] they are asked for again, a past of many pages less often; nothing is asked when nobody looks", async () => {
  follow(new View(() => Date.now()), HOUR_MS);
  await vi.advanceTimersByTimeAsync(15_000);
  expect(asked).toHaveLength(2);
  truncated = true;
  await vi.advanceTimersByTimeAsync(15_000);
  expect(asked).toHaveLength(22);
  await vi.advanceTimersByTimeAsync(200_000);
  expect(asked).toHaveLength(22);
  stop();
  await vi.advanceTimersByTimeAsync(600_000);
  expect(asked).toHaveLength(22);
});

it("[A1] a rule's bound comes with its groups", async () => {
  follow(new View(() => Date.now()), HOUR_MS);
  await vi.advanceTimersByTimeAsync(0);
  expect(told[0]?.thresholds).toEqual([
    {
      value: 120,
      tone: "critical",
      when: "above",
      label: "slow",
      metric: "latency",
      groups: [{ region: "asia" }],
    },
  ]);
});

it("[A1] whoever came with a share link is shown none, and nothing is asked", async () => {
  const token = `${btoa(JSON.stringify({ alg: "HS256", typ: "JWT" }))}.e30.x`;
  alertMarks(token, () => told.push({ marks: [], thresholds: [] }), { view: new View(() => 0), ownMs: 1 });
  await vi.advanceTimersByTimeAsync(60_000);
  expect(asked).toEqual([]);
});
