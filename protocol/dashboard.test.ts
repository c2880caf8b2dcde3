import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { hostileValues, isPolluted } from "../test/helpers/hostile-json.ts";
import { PANEL_KINDS, PANEL_UNITS, parseDashboard } from "./dashboard.ts";

const PANEL = { title: "Clicks", kind: "line", metric: "clicks" };

const withPanel = (change: object) => parseDashboard("d", { panels: [{ ...PANEL, ...change }] });

describe("[M1] a dashboard", () => {
  it("[M1] in full", () => {
    const panel = {
      ...PANEL,
      range: "1h",
      groups: [{ campaign: "a" }],
      unit: "bytes/s",
      top: 5,
      thresholds: [{ value: 90, tone: "critical", when: "below", label: "too few" }],
      width: 12,
      height: 12,
    };
    const dashboard = {
      name: "d",
      title: "D",
      range: "5m",
      panels: [panel],
      annotations: [{ at: 1_764_000_000_000, to: 1_764_000_060_000, label: "deploy", metric: "clicks" }],
      variables: [{ name: "campaign", title: "Campaign", metric: "clicks" }],
    };
    expect(parseDashboard("d", dashboard)).toEqual({ ok: true, value: dashboard });
  });

  it("[M1] has defaults, and keeps nothing that it does not know", () => {
    expect(parseDashboard("d", { panels: [{ ...PANEL, colour: "red" }], theme: "dark" })).toEqual({
      ok: true,
      value: { name: "d", title: "d", range: "15m", panels: [{ ...PANEL, width: 6, height: 2 }] },
    });
  });

  it("[M1] thresholds, annotations and variables have defaults; times may be ISO 8601", () => {
    const annotations = [{ at: "2026-11-01T12:00:00Z", label: "deploy" }];
    const parsed = parseDashboard("d", {
      panels: [{ ...PANEL, thresholds: [{ value: 1 }] }],
      annotations,
      variables: [{ name: "country", metric: "clicks" }],
    });
    expect(parsed).toMatchObject({
      value: {
        panels: [{ thresholds: [{ value: 1, tone: "warning", when: "above" }] }],
        annotations: [{ at: Date.UTC(2026, 10, 1, 12), label: "deploy" }],
        variables: [{ name: "country", title: "country", metric: "clicks" }],
      },
    });
  });

  it("[M1] takes every kind and unit", () => {
    for (const kind of PANEL_KINDS) expect(withPanel({ kind }).ok).toBe(true);
    for (const unit of PANEL_UNITS) expect(withPanel({ unit }).ok).toBe(true);
  });

  it.each<[unknown, string]>([
    ["d", 'the dashboard is "d"; expected an object'],
    [{ name: "e", panels: [] }, "name is \"e\"; the path says 'd'"],
    [{ title: 1, panels: [] }, "title is 1; expected a string"],
    [{ range: "long", panels: [] }, "range is \"long\"; expected a duration such as '15m'"],
    [{}, "panels is nothing; expected a list"],
    [{ panels: {} }, "panels is an object; expected a list"],
    [{ panels: Array.from({ length: 65 }, () => PANEL) }, "panels has 65 entries; the bound is 64"],
    [{ panels: [PANEL, null] }, "panels[1] is null; expected an object"],
    [{ panels: [], annotations: {} }, "annotations is an object; expected a list"],
    [
      { panels: [], annotations: [1] },
      'annotations[0] is 1; expected an object such as {"at":"2026-11-01T12:00:00Z","label":"deploy"}',
    ],
    [
      { panels: [], annotations: [{ label: "x" }] },
      "annotations[0].at is nothing; expected epoch ms or ISO 8601",
    ],
    [
      { panels: [], annotations: [{ at: 5e12, to: 4e12, label: "x" }] },
      "annotations[0].to is 4000000000000; expected a time that is not before 'at'",
    ],
    [{ panels: [], annotations: [{ at: 5e12 }] }, "annotations[0].label is nothing; expected a string"],
    [
      { panels: [], annotations: [{ at: 5e12, label: "x", metric: 1 }] },
      "annotations[0].metric is 1; expected a string",
    ],
    [
      { panels: [], variables: [{ metric: "m" }] },
      "variables[0].name is nothing; expected a metric's groupBy key",
    ],
    [{ panels: [], variables: [{ name: "a" }] }, "variables[0].metric is nothing; expected a string"],
    [
      { panels: [], variables: Array.from({ length: 9 }, () => 1) },
      "variables has 9 entries; the bound is 8",
    ],
  ])("[M1] %j is refused with a message that names the field", (raw, message) => {
    expect(parseDashboard("d", raw)).toEqual({ ok: false, reason: "dashboard", message });
  });

  it.each<[object, string]>([
    [{ title: undefined }, "panels[0].title is nothing; expected a string"],
    [
      { kind: "pie" },
      'panels[0].kind is "pie"; expected one of line, area, bars, number, toplist, heatmap, table',
    ],
    [{ metric: 1 }, "panels[0].metric is 1; expected a string"],
    [{ range: 5 }, "panels[0].range is 5; expected a duration such as '15m'"],
    [{ unit: "miles" }, 'panels[0].unit is "miles"; expected one of short, percent'],
    [{ groups: {} }, 'panels[0].groups is an object; expected a list of objects such as {"campaign":"a"}'],
    [{ groups: [{ campaign: 1 }] }, "panels[0].groups[0].campaign is 1; expected a string"],
    [
      { groups: [{ campaign: { deep: [] } }] },
      "panels[0].groups[0].campaign is an object; expected a string",
    ],
    [{ top: 0 }, "panels[0].top is 0; expected a whole number from 1 to 1000"],
    [{ top: Infinity }, "panels[0].top is Infinity; expected"],
    [{ width: 13 }, "panels[0].width is 13; expected a whole number from 1 to 12"],
    [{ thresholds: [{ value: "9" }] }, 'panels[0].thresholds[0].value is "9"; expected a number'],
    [{ thresholds: [{ value: Infinity }] }, "panels[0].thresholds[0].value is Infinity; expected a number"],
    [
      { thresholds: [{ value: 1, tone: "red" }] },
      'panels[0].thresholds[0].tone is "red"; expected warning or critical',
    ],
    [
      { thresholds: [{ value: 1, when: "at" }] },
      'panels[0].thresholds[0].when is "at"; expected above or below',
    ],
    [{ thresholds: [{ value: 1, label: 1 }] }, "panels[0].thresholds[0].label is 1; expected a string"],
    [{ thresholds: [1] }, 'panels[0].thresholds[0] is 1; expected an object such as {"value":90}'],
    [{ height: 1.5 }, "panels[0].height is 1.5; expected a whole number from 1 to 12"],
  ])("[M1] a panel with %j is refused", (change, message) => {
    const parsed = withPanel(change);
    expect(!parsed.ok && parsed.message).toContain(message);
  });
});

describe("[M1] hostile dashboards", () => {
  it("[M1] are refused, or come out flat", () => {
    for (const [what, value] of hostileValues()) {
      for (const parsed of [
        parseDashboard("d", value),
        parseDashboard("d", { panels: value }),
        parseDashboard("d", { panels: [value] }),
        parseDashboard("d", { panels: [], annotations: [value], variables: [value] }),
        parseDashboard("d", { panels: [], annotations: [{ at: value, to: value, label: value }] }),
        withPanel({ thresholds: [value] }),
        withPanel({ thresholds: [{ value, tone: value, label: value }] }),
        ...["title", "kind", "metric", "range", "groups", "unit", "top", "width", "height", "junk"].map(
          (field) => withPanel({ [field]: value }),
        ),
        withPanel({ groups: [value] }),
        withPanel({ groups: [{ campaign: value }] }),
      ]) {
        if (parsed.ok) expect(JSON.stringify(parsed.value).length, what).toBeLessThan(1_100_000);
        else expect(parsed.message.length, what).toBeLessThan(300);
      }
    }
    expect(isPolluted()).toBe(false);
  });

  it("[M1] whatever JSON holds is a dashboard or a reason", () => {
    fc.assert(
      fc.property(
        fc.jsonValue(),
        fc.dictionary(fc.constantFrom(...Object.keys(PANEL), "groups"), fc.jsonValue()),
        (raw, change) => {
          expect(typeof parseDashboard("d", raw).ok).toBe("boolean");
          expect(typeof withPanel(change).ok).toBe("boolean");
        },
      ),
    );
  });
});
