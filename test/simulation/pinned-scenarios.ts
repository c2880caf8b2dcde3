import type { MetricSource } from "../../protocol/metric.ts";
import type { Scenario } from "./scenario.ts";

const METRIC = {
  event: "e",
  aggregate: "count",
  delay: "1s",
  lateness: "4s",
} satisfies Partial<MetricSource>;

const ALONE = { seed: 0, network: "calm", viaBatcher: false } satisfies Partial<Scenario>;

/** Two metrics, one of which has to skip the only event. */
const SKIPPING: Omit<Scenario, "crashes"> = {
  ...ALONE,
  metrics: [
    { ...METRIC, name: "sessions", window: { type: "session", gap: "300ms", every: "500ms" } },
    { ...METRIC, name: "events", window: { type: "tumbling", size: "500ms" } },
  ],
  deeds: [{ type: "batch", afterMs: 0, partition: 0, copies: 1, events: [{ name: "e", agoMs: 0 }] }],
};

/** Scenarios that once ended wrongly, made as small as they get. */
export const PINNED_SCENARIOS: Record<string, Scenario> = {
  "a group that has to leave its pane for an older one is counted as folded": {
    ...ALONE,
    crashes: [],
    metrics: [
      {
        ...METRIC,
        name: "m",
        window: { type: "sliding", size: "500ms", every: "500ms" },
        groupBy: ["g"],
        maxGroups: 1,
      },
    ],
    deeds: [
      {
        type: "batch",
        afterMs: 0,
        partition: 0,
        copies: 1,
        events: [{ name: "e", agoMs: 0, props: { g: "a" } }],
      },
      {
        type: "batch",
        afterMs: 600,
        partition: 0,
        copies: 1,
        events: [
          { name: "e", agoMs: 0, props: { g: "b" } },
          { name: "e", agoMs: 0, props: { g: "a" } },
        ],
      },
    ],
  },
  "a metric that has only skipped events remembers how many, after a checkpoint": {
    ...SKIPPING,
    crashes: [{ step: 95, actor: "all" }],
  },
  "a log whose reader was lost before it could tell how far it is does not wake it for ever": {
    ...SKIPPING,
    crashes: [{ step: 53, actor: "all" }],
  },
};
