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
