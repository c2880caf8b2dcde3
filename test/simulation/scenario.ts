import type { Event } from "../../protocol/event.ts";
import type { MetricSource } from "../../protocol/metric.ts";
import type { Random } from "./random.ts";
import type { Crash, HoldUp } from "./world.ts";

/**
 * An event by how long before its batch was sent it happened. `alignMs`: at the last multiple of this before, so that
 * it lies where windows begin and sessions end.
 */
export type ScenarioEvent = Omit<Event, "ts"> & { agoMs: number; alignMs?: number };

/** What the client does `afterMs` after its last deed. */
export type Deed =
  /** Sends a batch, and again `copies - 1` times, to a partition. */
  | { type: "batch"; afterMs: number; partition: number; copies: number; events: ScenarioEvent[] }
  | { type: "define"; afterMs: number; metric: MetricSource }
  | { type: "delete"; afterMs: number; metric: string }
  /** Asks for all points there are. */
  | { type: "query"; afterMs: number };

/** All that a simulation follows from: plain data, so that one that failed can be kept. */
export interface Scenario {
  seed: number;
  network: keyof typeof NETWORKS;
  /** Whether batches go through a batcher, or straight into the log. */
  viaBatcher: boolean;
  /** Defined before the first deed. */
  metrics: MetricSource[];
  deeds: Deed[];
  crashes: Crash[];
  holdUps?: HoldUp[];
}

/** How long messages and commits take, in ms. */
export const NETWORKS = {
  calm: (random: Random) => random.below(3),
  busy: (random: Random) => (random.below(4) > 0 ? random.below(5) : random.below(120)),
  rough: (random: Random) => {
    const kind = random.below(100);
    return kind < 70 ? random.below(10) : kind < 98 ? random.below(400) : random.below(4_500);
  },
};

/** Conditions that scenarios use, with what they mean. */
export const CONDITIONS: Record<string, (event: Event) => boolean> = {
  "value >= 3": ({ value }) => value !== undefined && value >= 3,
  "g != 'a'": ({ props }) => props?.["g"] !== "a",
  "user != null and not (value < 0)": ({ user, value }) =>
    user !== undefined && !(value !== undefined && value < 0),
  "g in ['a', null] or h startsWith 'x'": ({ props }) => {
    const { g = null, h } = props ?? {};
    return g === "a" || g === null || (typeof h === "string" && h.startsWith("x"));
  },
};
