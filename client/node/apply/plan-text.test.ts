import { expect, test } from "vitest";
import { appliedText, failedText, planText } from "./plan-text.ts";
import type { Definition } from "./definition.ts";
import { planOf } from "./plan.ts";
import { parseFiles } from "./parse-files.ts";

const metric = (name: string, more: object = {}) => ({
  name,
  event: "e",
  aggregate: "count",
  window: { type: "tumbling", size: "1m" },
  ...more,
});
const define = (metrics: object[], dashboards: object[] = []): Definition[] =>
  parseFiles([{ path: "f", text: JSON.stringify({ metrics, dashboards }) }]).definitions;

const VIEW = { name: "growth", change: { metric: "clicks", ago: "1d" } };
const STORED = define(
  [metric("clicks"), metric("visits"), metric("old"), metric("same")],
  [{ name: "b", panels: [] }],
);
const WANTED = define(
  [
    metric("clicks", { where: "x = 1" }),
    metric("visits", { delay: "9s" }),
    metric("same"),
    metric("new"),
    VIEW,
  ],
  [{ name: "b", title: "t".repeat(200), panels: [] }],
);

test("[M1] the plan says what happens to what", () => {
  expect(planText(planOf(WANTED, STORED, true)))
    .toBe(`~ change metric clicks: begins anew: open windows are sealed, earlier points are forgotten
    where: (none) → "x = 1"
~ change metric visits: goes on
    delay: (none) → "9s"
+ create metric new
+ create view growth
~ change dashboard b
    title: "b" → "${"t".repeat(98)}…
- delete metric old
= unchanged: 1 metric

2 to create, 3 to change, 1 to delete.
`);
});

test("[M1] the plan counts what is kept, and says when there is nothing to do", () => {
  const text = planText(planOf(define([metric("same")]), STORED, false));
  expect(text).toBe(`= unchanged: 1 metric
  in no file, and kept: 3 metrics, 1 dashboard (--prune deletes them)

Nothing to change.
`);
});

test("[M1] the plan says when a view takes a metric's place", () => {
  const text = planText(planOf(define([{ ...VIEW, name: "old" }]), STORED, false));
  expect(text).toContain("~ change view old: it was a metric\n");
});

test("[M1] says what was applied, or that nothing was, or that nobody knows", () => {
  const { steps } = planOf(WANTED, STORED, true);
  expect(appliedText(steps)).toMatch(
    /^\nchanged metric clicks\n[^]*deleted metric old\n\nDone: 6 applied\.\n$/,
  );
  expect(failedText("POST failed", true)).toBe(
    "\nFailed: POST failed\nNothing was changed: all is applied, or nothing.\n",
  );
  expect(failedText("no answer", false)).toMatch(/^\nFailed: no answer\nIt is not known whether/);
});
