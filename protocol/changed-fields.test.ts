import fc from "fast-check";
import { isDeepStrictEqual } from "node:util";
import { expect, test } from "vitest";
import { changedFields } from "./changed-fields.ts";

const paths = (before: unknown, after: unknown) => changedFields(before, after).map(({ path }) => path);

test("[M1] names the fields that change, with both values", () => {
  const before = { event: "a", window: { type: "tumbling", size: "1s" }, groupBy: ["x"], delay: "2s" };
  const after = { window: { size: "1m", type: "tumbling" }, groupBy: ["x", "y"], event: "a", where: "b" };
  expect(changedFields(before, after)).toEqual([
    { path: "window.size", before: "1s", after: "1m" },
    { path: "groupBy", before: ["x"], after: ["x", "y"] },
    { path: "delay", before: "2s", after: undefined },
    { path: "where", before: undefined, after: "b" },
  ]);
});

test("[M1] one panel more or less is one difference, wherever it stands", () => {
  const panels = ["a", "b", "c"].map((title) => ({ title, metric: title }));
  const [a, b, c] = panels;
  const more = { title: "new" };
  expect(changedFields({ panels }, { panels: [a, more, b, c] })).toEqual([
    { path: "panels[1]", before: undefined, after: more },
  ]);
  expect(paths({ panels }, { panels: [b, c] })).toEqual(["panels[0]"]);
  expect(paths({ panels }, { panels: [a, b, { ...c, top: 3 }] })).toEqual(["panels[2].top"]);
  expect(paths({ panels: [a, a, a] }, { panels: [a] })).toEqual(["panels[1]", "panels[2]"]);
});

test("[M1] a field may be called like what every object has", () => {
  expect(paths({}, { constructor: 1 })).toEqual(["constructor"]);
  expect(paths(JSON.parse('{"__proto__":1}'), JSON.parse('{"__proto__":2}'))).toEqual(["__proto__"]);
});

test("[M1] nothing is changed exactly when both are equal, in any order of fields", () => {
  // JSON has no -0: what is sent as one comes back as 0.
  const json = fc.jsonValue({ maxDepth: 3 }).map((value): unknown => JSON.parse(JSON.stringify(value)));
  fc.assert(
    fc.property(json, json, (a, b) => {
      expect(changedFields(a, structuredClone(a))).toEqual([]);
      expect(changedFields(a, reversed(a))).toEqual([]);
      expect(changedFields(a, b).length === 0).toBe(isDeepStrictEqual(a, b));
    }),
  );
});

/** The same value with all fields in the opposite order. */
function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversed);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).map(([field, inner]) => [field, reversed(inner)] as const);
  return Object.fromEntries(entries.reverse());
}
