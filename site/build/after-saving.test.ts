import { describe, expect, it } from "vitest";
import type { Dashboard, Panel } from "../../protocol/dashboard.ts";
import type { MetricSource } from "../../protocol/metric.ts";
import { afterSaving } from "./after-saving.ts";
import { type Draft, newDraft, putPanel } from "./draft.ts";
import { changed, historyOf, redone, undone } from "./history.ts";
import { type Bases, changedMetrics } from "./save.ts";

const PANEL: Panel = { title: "A", kind: "line", metric: "a", width: 6, height: 2 };
const SHOP: Dashboard = { name: "shop", title: "Shop", range: "15m", panels: [PANEL] };
const metric = (size: string): MetricSource => ({
  name: "a",
  event: "e",
  aggregate: "count",
  window: { type: "tumbling", size },
});

describe("[U11] once a draft is saved", () => {
  it("[U11] undo brings back the definition that was replaced, to be saved again", () => {
    const first: Draft = { dashboard: SHOP, metrics: {} };
    const bases: Bases = { dashboard: SHOP, metrics: { a: metric("10s") } };
    const second = putPanel(first, PANEL, 0, metric("1m"));
    const history = afterSaving(changed(historyOf(first), second), second, bases, SHOP);
    const now: Bases = { dashboard: SHOP, metrics: { a: metric("1m") } };
    expect(changedMetrics(history.present, now)).toEqual([]);
    expect(changedMetrics(undone(history).present, now)).toEqual([metric("10s")]);
    expect(changedMetrics(redone(undone(history)).present, now)).toEqual([]);
  });

  it("[U11] a new dashboard's earlier steps are of that dashboard, and what was new is only left out", () => {
    const first = newDraft([]);
    const second = putPanel({ ...first, dashboard: { ...SHOP, panels: [] } }, PANEL, undefined, metric("1m"));
    const bases: Bases = { dashboard: undefined, metrics: { a: undefined } };
    const history = afterSaving(changed(historyOf(first), second), second, bases, SHOP);
    expect(undone(history).present).toEqual({ dashboard: { ...first.dashboard, name: "shop" }, metrics: {} });
  });

  it("[U11] what is typed next is a step of its own", () => {
    const titled = (title: string): Draft => ({ dashboard: { ...SHOP, title }, metrics: {} });
    const typed = changed(historyOf(titled("")), titled("S"), "title");
    const bases: Bases = { dashboard: undefined, metrics: {} };
    const history = changed(afterSaving(typed, titled("S"), bases, SHOP), titled("Sh"), "title");
    expect(undone(history).present).toEqual(titled("S"));
  });
});
