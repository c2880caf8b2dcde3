import type { Dashboard } from "../../protocol/dashboard.ts";
import type { MetricSource } from "../../protocol/metric.ts";
import { isViewSource } from "../../protocol/view.ts";
import { type Draft, named } from "./draft.ts";
import { type History, mapped } from "./history.ts";
import { type Bases, changedMetrics } from "./save.ts";

/**
 * A draft's steps once `saved` is in the catalog. A step back from there brings back the metrics that were there before, too,
 * and every step is of the dashboard that there is now, whatever it was to be called.
 */
export function afterSaving(
  history: History<Draft>,
  saved: Draft,
  bases: Bases,
  { name }: Dashboard,
): History<Draft> {
  const replaced = changedMetrics(saved, bases).flatMap((metric): MetricSource[] => {
    const base = named(bases.metrics, metric.name);
    return base === undefined || isViewSource(base) ? [] : [base as MetricSource];
  });
  return mapped(history, (draft) => {
    const { panels } = draft.dashboard;
    const shown = replaced.filter((base) => panels.some(({ metric }) => metric === base.name));
    const before = Object.fromEntries(shown.map((base) => [base.name, base]));
    return { dashboard: { ...draft.dashboard, name }, metrics: { ...before, ...draft.metrics } };
  });
}
