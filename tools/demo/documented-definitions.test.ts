import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { expect, test } from "vitest";
import { groupsThatFit } from "../../protocol/footprint.ts";
import { LIMITS } from "../../protocol/limits.ts";
import { type Metric, type MetricSource, parseMetric } from "../../protocol/metric.ts";
import { isViewSource, parseView, viewFault } from "../../protocol/view.ts";

const PAGES = ["metrics.md", "windows.md", "where.md"].map(
  (name) => [name, readFileSync(resolve(import.meta.dirname, "../../docs", name), "utf8")] as const,
);
const METRICS_PAGE = PAGES[0]?.[1] ?? "";

/** Definitions in a page's blocks of JSON: one a block, or one a line; or in changes. */
function definitionsOf(page: string): Record<string, unknown>[] {
  const blocks = [...page.matchAll(/^```json\n(.*?)^```/gms)].map(([, text = ""]) => text);
  return blocks.flatMap((text) => {
    const parts = text.split(/\n(?=\{)/).map((part) => part.trim());
    return parts.flatMap((part) => {
      const parsed = JSON.parse(part) as Record<string, unknown> & { changes?: Change[] };
      return parsed.changes?.flatMap(metricIn) ?? [parsed];
    });
  });
}

interface Change {
  kind: string;
  name: string;
  put?: Record<string, unknown>;
}

function metricIn({ kind, name, put }: Change): Record<string, unknown>[] {
  return kind === "metrics" && put !== undefined ? [{ name, ...put }] : [];
}

function nameOf(definition: Record<string, unknown>, index: number): string {
  const { name } = definition;
  return typeof name === "string" ? name : `documented_${index}`;
}

test.each(PAGES)("[M1] every definition in docs/%s is accepted", (_, page) => {
  const definitions = definitionsOf(page);
  const metrics = new Map<string, Metric>();
  for (const [index, definition] of definitions.entries()) {
    if (isViewSource(definition)) continue;
    const parsed = parseMetric(nameOf(definition, index), definition);
    expect(parsed.ok ? "" : parsed.message, JSON.stringify(definition)).toBe("");
    if (parsed.ok) metrics.set(parsed.value.name, parsed.value);
  }
  for (const [index, definition] of definitions.entries()) {
    if (!isViewSource(definition)) continue;
    const parsed = parseView(nameOf(definition, index), definition);
    expect(parsed.ok ? "" : parsed.message, JSON.stringify(definition)).toBe("");
    if (parsed.ok) expect(viewFault(parsed.value, (name) => metrics.get(name))).toBeUndefined();
  }
  expect(definitions.length).toBeGreaterThan(0);
});

test("[M2] docs/metrics.md has an example of every aggregate", () => {
  const aggregates = definitionsOf(METRICS_PAGE).map(({ aggregate }) => String(aggregate));
  for (const name of [
    "count",
    "rate",
    "sum",
    "min",
    "max",
    "avg",
    "last",
    "p99",
    "uniques",
    "topk",
    "histogram",
  ]) {
    expect(aggregates.filter((aggregate) => aggregate.startsWith(name))).not.toEqual([]);
  }
});

const LEAST: Omit<MetricSource, "name"> = {
  event: "e",
  aggregate: "count",
  window: { type: "tumbling", size: "1s" },
};

test.each<object>([
  { ...LEAST, groupby: ["a"] },
  { ...LEAST, window: { type: "tumbling", size: "10" } },
  { ...LEAST, window: { type: "sliding", size: "1h", every: "1s" }, groupBy: ["a"], maxGroups: 1_000 },
])("[M1] docs/metrics.md quotes the refusal of %j", (definition) => {
  const parsed = parseMetric("m", definition);
  expect(METRICS_PAGE).toContain(parsed.ok ? "accepted" : parsed.message);
});

test.each<[window: MetricSource["window"], lateness: string, shards: number]>([
  [{ type: "tumbling", size: "1s" }, "30s", 1],
  [{ type: "tumbling", size: "1s" }, "1h", 1],
  [{ type: "tumbling", size: "1m" }, "1h", 1],
  [{ type: "sliding", size: "1m", every: "1s" }, "30s", 1],
  [{ type: "sliding", size: "1h", every: "1m" }, "30s", 1],
  [{ type: "sliding", size: "1h", every: "1s" }, "30s", 1],
  [{ type: "sliding", size: "1h", every: "1s" }, "30s", 16],
])(
  "[M1] docs/metrics.md says how many groups fit: %j, lateness %s, %i shards",
  (window, lateness, shards) => {
    const parsed = parseMetric("m", { ...LEAST, window, lateness, shards, groupBy: ["a"], maxGroups: 1 });
    const fit = parsed.ok ? Math.min(LIMITS.maxGroups, groupsThatFit(parsed.value)) : Number.NaN;
    const every = window.every === undefined ? "" : ` every \`${window.every}\``;
    const row = `| ${window.type} \`${window.size}\`${every} | \`${lateness}\` | ${shards} | ${fit.toLocaleString("en")} |`;
    expect(METRICS_PAGE).toContain(row);
  },
);
