import type { LiveScenario } from "./live-scenario.ts";

const watching = { protocol: "freshet.v2" as const, isMute: false };
const batch = (afterMs: number, agoMs = 0) => ({
  type: "batch" as const,
  afterMs,
  partition: 0,
  events: [{ g: "a", agoMs, user: "u" }],
});

/** Few deeds each, so that every step can be cut off. */
export const SMALL_LIVE_SCENARIOS: Record<string, LiveScenario> = {
  "frames through two hubs, and nobody at the first": {
    seed: 1,
    network: "calm",
    watching: [{ ...watching, metric: "clicks", hub: 17 }],
    deeds: [batch(400)],
    crashes: [],
    // The last frame is the one that nothing follows: until windows are sealed.
    lastsMs: 6_500,
  },
  "a split metric and a view of it": {
    seed: 2,
    network: "calm",
    watching: [
      { ...watching, metric: "split", hub: 0 },
      { ...watching, metric: "ratio", hub: 1 },
    ],
    deeds: [batch(400), { type: "drop", afterMs: 700, who: 0 }, batch(0)],
    crashes: [],
  },
};

const TO_FIRST_HUB = { hub: 0, protocol: "freshet.v1", isMute: false } as const;

/** What was found by hunting, each with the fault that it showed. */
export const PINNED_LIVE_SCENARIOS: Record<string, LiveScenario> = {
  "a snapshot on its way when the hub said that nobody watches": {
    seed: 2_141_340_940,
    network: "calm",
    watching: [
      { ...TO_FIRST_HUB, metric: "clicks" },
      { ...TO_FIRST_HUB, metric: "ratio" },
      { ...TO_FIRST_HUB, metric: "clicks" },
    ],
    deeds: [
      batch(0),
      batch(5),
      { type: "drop", afterMs: 0, who: 1 },
      batch(0),
      batch(0),
      { type: "hibernate", afterMs: 0, hub: 0 },
    ],
    crashes: [],
  },
  "a view that is read while nobody watches it, and then somebody does": {
    seed: 0,
    network: "rough",
    watching: [
      { ...TO_FIRST_HUB, metric: "visits" },
      { ...TO_FIRST_HUB, metric: "clicks", hub: 2, maxRate: 0.5 },
      { ...TO_FIRST_HUB, metric: "ratio" },
    ],
    deeds: [
      { type: "drop", afterMs: 9, who: 2 },
      { ...batch(290), partition: 2 },
      {
        type: "batch",
        afterMs: 64,
        partition: 2,
        events: [
          { g: "b", agoMs: 0, user: "u" },
          { g: "a", agoMs: 1_318, user: "u" },
        ],
      },
      { ...batch(33), partition: 1 },
      {
        type: "batch",
        afterMs: 249,
        partition: 1,
        events: [
          { g: "b", agoMs: 0, user: "u" },
          { g: "a", agoMs: 0, user: "u" },
        ],
      },
      { type: "crash", afterMs: 645, object: "LIVE_HUB shop" },
      { ...batch(235), partition: 1 },
      { type: "sleep", afterMs: 0, who: 0, ms: 100 },
      { type: "drop", afterMs: 11_000, who: 0 },
      batch(0),
      batch(0),
    ],
    crashes: [],
  },
  "a view of the past is looked at before time leaps to where it changes": {
    seed: 0,
    network: "calm",
    watching: [
      { ...TO_FIRST_HUB, metric: "ratio" },
      { ...TO_FIRST_HUB, metric: "clicks" },
    ],
    deeds: [
      batch(300),
      { type: "remove", afterMs: 1_789, metric: "clicks", ms: 0 },
      { type: "crash", afterMs: 61_000, object: "METRIC_WINDOW shop" },
      { type: "define", afterMs: 40, metric: { name: "ratio", change: { metric: "rolling", ago: "1m" } } },
      batch(0, 489),
    ],
    crashes: [],
  },
  "time leaps by more windows than are told one by one": {
    seed: 0,
    network: "calm",
    watching: [{ ...TO_FIRST_HUB, metric: "ratio" }],
    deeds: [
      {
        type: "define",
        afterMs: 0,
        metric: {
          name: "rolling",
          event: "e",
          aggregate: "count",
          window: { type: "sliding", size: "3s", every: "500ms" },
          delay: "500ms",
          lateness: "4s",
        },
      },
      { type: "define", afterMs: 40, metric: { name: "ratio", change: { metric: "rolling", ago: "1m" } } },
      batch(300),
      batch(585_000),
    ],
    crashes: [],
  },
};
