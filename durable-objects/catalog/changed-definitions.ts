import type { Definitions } from "./definitions.ts";

/** Split metrics and views that are gone or have become others: no windows of this object tell it. */
export function changedElsewhere(before: Definitions, now: Definitions): string[] {
  const revisions = ({ metrics, views }: Definitions) =>
    new Map([
      ...metrics
        .filter(({ metric }) => metric.shards > 1)
        .map((each) => [each.metric.name, each.revision] as const),
      ...views.map((each) => [each.view.name, each.revision] as const),
    ]);
  const current = revisions(now);
  return [...revisions(before)]
    .filter(([name, revision]) => current.get(name) !== revision)
    .map(([name]) => name);
}
