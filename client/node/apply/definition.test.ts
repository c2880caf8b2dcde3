import { expect, test } from "vitest";
import { LIMITS } from "../../../protocol/limits.ts";
import { keyOf, parseDefinition, storedDefinition } from "./definition.ts";

const CLICKS = { event: "click", aggregate: "count", window: { type: "tumbling", size: "1s" } };

test("[M1] tells metrics, views and dashboards apart, and keeps what the catalog takes", () => {
  const metric = parseDefinition("metrics", { name: "a", ...CLICKS });
  expect(metric).toMatchObject({
    value: { kind: "metric", name: "a", source: { name: "a", ...CLICKS }, metric: { maxGroups: 1_000 } },
  });
  const view = parseDefinition("metrics", { name: "v", change: { metric: "a", ago: "1d" } });
  expect(view).toMatchObject({ value: { kind: "view", name: "v", view: { agoMs: 86_400_000 } } });
  const panels = [{ title: "A", kind: "line", metric: "a" }];
  // The catalog keeps dashboards with their defaults filled in: compared as given, they would differ for ever.
  const dashboard = { name: "d", title: "d", range: "15m", panels: [{ ...panels[0], width: 6, height: 2 }] };
  const parsed = parseDefinition("dashboards", { name: "d", panels });
  expect(parsed).toMatchObject({ value: { kind: "dashboard", name: "d", source: dashboard } });
});

test.each([
  ["metrics", 7, "the metric is 7; expected an object"],
  ["metrics", null, "the metric is null"],
  ["metrics", { ...CLICKS }, "name is nothing; expected the metric's name"],
  ["metrics", { name: 7, ...CLICKS }, "name is 7"],
  ["metrics", { name: "a b", ...CLICKS }, 'name is "a b"'],
  ["metrics", { name: "a", ...CLICKS, window: {} }, "window.type is nothing"],
  ["metrics", { name: "a", ...CLICKS, where: "x in nn" }, "where, column 6"],
  ["metrics", { name: "v", ratio: { numerator: "a" } }, "ratio.denominator is nothing"],
  ["metrics", { name: "a", ...CLICKS, ratio: {} }, 'unknown field "event"'],
  ["dashboards", { name: "-", panels: [] }, 'name is "-"; expected letters'],
  ["dashboards", { name: "d".repeat(65), panels: [] }, "at most 64"],
  ["dashboards", { name: "d", panels: {} }, "panels is an object"],
  [
    "dashboards",
    { name: "d", title: "x".repeat(LIMITS.definitionBytes), panels: [] },
    `bytes; the bound is ${LIMITS.definitionBytes}`,
  ],
] as const)("[M1] of the %s refuses %j as the server would", (shelf, raw, message) => {
  const parsed = parseDefinition(shelf, raw);
  expect(parsed.ok ? "" : parsed.message).toContain(message);
});

test("[M1] what a newer server holds is kept, though this version cannot read it", () => {
  const raw = { name: "a", ...CLICKS, aggregate: "median(value)" };
  expect(storedDefinition("metrics", raw)).toEqual({ kind: "metric", name: "a", source: raw });
  expect(storedDefinition("metrics", { name: "v", ratio: 1 } as never).kind).toBe("view");
  expect(storedDefinition("dashboards", { name: "d" }).kind).toBe("dashboard");
});

test("[A1] alerts are definitions like the others: checked as the server would, as far as that goes", () => {
  const alert = { name: "a", metric: "clicks", condition: "> 5" };
  expect(parseDefinition("alerts", alert)).toMatchObject({
    value: { kind: "alert", name: "a", source: alert, alert: { forMs: 0 } },
  });
  const wrong = parseDefinition("alerts", { ...alert, condition: "=" });
  expect(wrong.ok ? "" : wrong.message).toContain('condition is "="');
});

test("[M1] metrics and views share their names, dashboards have their own", () => {
  expect(["metric", "view", "dashboard"].map((kind) => keyOf({ kind, name: "a" } as never))).toEqual([
    "metrics/a",
    "metrics/a",
    "dashboards/a",
  ]);
});
