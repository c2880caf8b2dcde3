import { isSameJson } from "../../protocol/changed-fields.ts";
import type { MetricSource } from "../../protocol/metric.ts";
import { AGGREGATES } from "./offered-aggregates.ts";
import type { PanelForm } from "./panel-form.ts";

/** Definitions that have their names already. */
export type NamedMetrics = ReadonlyMap<string, object>;

/** So that a number that tells it from others has room in what the catalog takes. */
const MOST_CHARACTERS = 120;

/** Of a count of `page view` by country `page_view_count_by_country`. What no Latin letter is in is named by what it is. */
export function suggestedName({ event, aggregate, field, groupBy }: PanelForm): string {
  const parts = [
    latin(event, "event"),
    aggregate.replaceAll(/[^a-z0-9]+/g, "_").replaceAll(/_+$/g, ""),
    ...(field === "" ? [] : [latin(field, "field")]),
    ...(groupBy.length === 0 ? [] : ["by", ...groupBy.map((key) => latin(key, "group"))]),
  ];
  const name = parts.join("_").slice(0, MOST_CHARACTERS);
  return /^[a-zA-Z_]/.test(name) ? name : `_${name}`;
}

/** The first of `base`, `base_2` … that nothing has, or just this definition. */
export function freeMetricName(base: string, definition: MetricSource, others: NamedMetrics): string {
  for (let i = 1; ; i++) {
    const name = i === 1 ? base : `${base}_${i}`;
    const other = others.get(name);
    if (other === undefined || isSameJson(other, { ...definition, name })) return name;
  }
}

export function suggestedTitle({ event, aggregate, field, groupBy }: PanelForm): string {
  const offered = AGGREGATES.find(({ fn }) => fn === aggregate);
  const what = offered?.takes === "nothing" ? "" : ` ${offered?.label.toLowerCase() ?? aggregate}`;
  const rate = aggregate === "rate" ? " per second" : "";
  const by = groupBy.length === 0 ? "" : ` by ${groupBy.join(", ")}`;
  return `${event}${field === "" ? "" : ` ${field}`}${what}${rate}${by}`;
}

function latin(text: string, fallback: string): string {
  const name = text
    .normalize("NFKD")
    .replaceAll(/[\u0300-\u036f]/g, "")
    .replaceAll(/[^a-zA-Z0-9_.:-]+/g, "_");
  return /[a-zA-Z0-9]/.test(name) ? name : fallback;
}
