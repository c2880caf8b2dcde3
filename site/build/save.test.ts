import { describe, expect, it } from "vitest";
import type { Dashboard } from "../../protocol/dashboard.ts";
import type { MetricSource } from "../../protocol/metric.ts";
import type { Draft } from "./draft.ts";
import { type Bases, changedMetrics, type Conflict, withStored, withTheirs } from "./save.ts";

const metric = (name: string, where: string): MetricSource => ({
  name,
  event: "ad",
  where,
  aggregate: "count",
  window: { type: "tumbling", size: "10s" },
});
const dashboard = (title: string): Dashboard => ({ name: "shop", title, range: "15m", panels: [] });

describe("what others have saved meanwhile", () => {
  const draft: Draft = {
    dashboard: dashboard("mine"),
    metrics: { a: metric("a", "mine"), b: metric("b", "mine") },
  };
  const bases: Bases = { dashboard: dashboard("first"), metrics: { a: metric("a", "first"), b: undefined } };
  const conflicts: Conflict[] = [
    { kind: "metrics", name: "a", stored: metric("a", "theirs"), mine: metric("a", "mine") },
    { kind: "dashboards", name: "shop", stored: dashboard("theirs"), mine: dashboard("mine") },
  ];

  it("[U11] takes the place of one's own at once, and leaves the rest", () => {
    const taken = withTheirs(draft, conflicts);
    expect(taken).toEqual({
      dashboard: dashboard("theirs"),
      metrics: { a: metric("a", "theirs"), b: metric("b", "mine") },
    });
    // Theirs is no change of ours.
    expect(changedMetrics(taken, withStored(bases, conflicts))).toEqual([metric("b", "mine")]);
  });

  it("[U11] may be that it was removed", () => {
    const removed: Conflict[] = [
      { kind: "metrics", name: "a", stored: undefined, mine: metric("a", "mine") },
    ];
    expect(withTheirs(draft, removed).metrics).toEqual({ b: metric("b", "mine") });
    expect(withStored(bases, removed).metrics["a"]).toBeUndefined();
  });

  it("[U11] is what one's own is saved over, when it is known", () => {
    const over = withStored(bases, conflicts);
    expect(over.dashboard).toEqual(dashboard("theirs"));
    expect(changedMetrics(draft, over)).toEqual([metric("a", "mine"), metric("b", "mine")]);
  });
});
