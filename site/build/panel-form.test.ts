import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Panel } from "../../protocol/dashboard.ts";
import { type MetricSource, parseMetric } from "../../protocol/metric.ts";
import type { SeenEvent } from "../../protocol/observe.ts";
import { AGGREGATES } from "./offered-aggregates.ts";
import {
  checkedForm,
  definitionOf,
  faultyField,
  fieldsFor,
  formOf,
  groupFields,
  NEW_FORM,
  panelOf,
  withFittingField,
  withoutNumbers,
} from "./panel-form.ts";

const CLICK: SeenEvent = {
  name: "click",
  count: 10,
  lastReceivedMs: 1,
  mostBehindMs: 1,
  fields: [
    { name: "price", isProp: true, types: { number: 10 }, examples: [1, 2], more: true },
    { name: "country", isProp: true, types: { string: 10 }, examples: ["DE"], more: false },
    { name: "value", isProp: false, types: { number: 4 }, examples: [1], more: false },
    { name: "user", isProp: false, types: { string: 10 }, examples: ["u"], more: true },
  ],
};

const PANEL: Panel = { title: "T", kind: "area", metric: "m", width: 4, height: 2, range: "1h", top: 3 };

describe("[U11] the form of a panel", () => {
  it("[U11] of a seen event is right at once, for every aggregate and window", () => {
    for (const { fn } of AGGREGATES) {
      const form = withFittingField(NEW_FORM, { event: "click", aggregate: fn }, CLICK);
      expect(checkedForm(form)).toMatchObject({ ok: true });
      expect(checkedForm({ ...form, windowType: "sliding", size: "1m", every: "5s" }).ok).toBe(true);
    }
    const avg = withFittingField(NEW_FORM, { event: "click", aggregate: "avg" }, CLICK);
    const session = withFittingField({ ...avg, size: "30m", every: "1m" }, { windowType: "session" }, CLICK);
    expect(checkedForm(session)).toMatchObject({
      ok: true,
      value: { aggregate: "avg(duration)", window: { gap: "30m" } },
    });
  });

  it("[U11] is drawn as what suits the aggregate, and no longer when that is another", () => {
    const kinds = (...aggregates: string[]): string[] => {
      let form = NEW_FORM;
      return aggregates.map((aggregate) => (form = withFittingField(form, { aggregate }, CLICK)).kind);
    };
    expect(kinds("histogram", "p95", "topk", "histogram", "count")).toEqual([
      "heatmap",
      "line",
      "toplist",
      "heatmap",
      "line",
    ]);
    const bars = { ...NEW_FORM, kind: "bars" as const, aggregate: "histogram" };
    expect(withFittingField(bars, { aggregate: "avg" }, CLICK).kind).toBe("bars");
    expect(withFittingField(bars, { event: "click" }, CLICK)).toMatchObject({ kind: "bars", field: "value" });
  });

  it("[U11] offers the fields that an aggregate can be taken of, and those to group by", () => {
    const offered = (aggregate: string): string[] => fieldsFor({ ...NEW_FORM, aggregate }, CLICK);
    expect(offered("sum")).toEqual(["value", "price"]);
    expect(offered("uniques")).toEqual(["value", "user", "price", "country"]);
    expect(offered("count")).toEqual([]);
    expect(fieldsFor({ ...NEW_FORM, aggregate: "p95", windowType: "session" }, CLICK)).toEqual([
      "duration",
      "events",
    ]);
    expect(groupFields(CLICK).map(({ name }) => name)).toEqual(["country", "user"]);
  });

  it("[U11] says what there is to do where no field is a number", () => {
    const field = (name: string, ...examples: string[]) => {
      return { name, isProp: true, types: { string: 3 }, examples, more: false };
    };
    const text = (...fields: SeenEvent["fields"]): SeenEvent => ({ ...CLICK, fields });
    const sum = { ...NEW_FORM, aggregate: "sum" };
    expect(withoutNumbers(sum, text(field("country", "DE"), field("price", "a", "12,5")))).toBe(
      "price comes as text, such as '12,5', and no field as a number: send it without quotes",
    );
    expect(withoutNumbers(sum, text(field("country", "DE")))).toBe("no field of click is a number");
    expect(withoutNumbers({ ...sum, aggregate: "uniques" }, text())).toBeUndefined();
    expect(withoutNumbers(sum, undefined)).toBeUndefined();
  });

  it("[U11] names metric and panel by what they show, with names that the catalog takes", () => {
    const form = {
      ...withFittingField(NEW_FORM, { event: "page view", aggregate: "p95" }, CLICK),
      groupBy: ["country"],
    };
    expect(definitionOf(form).name).toBe("page_view_p95_value_by_country");
    expect(panelOf(form).title).toBe("page view value p95 by country");
    fc.assert(
      fc.property(fc.string({ minLength: 1, maxLength: 100 }), (event) => {
        const checked = checkedForm({ ...NEW_FORM, event });
        expect(checked.ok, checked.ok ? "" : checked.message).toBe(true);
      }),
    );
  });

  it("[U11] suggests no name that another definition has: what is there is never replaced unasked", () => {
    const german = { ...NEW_FORM, event: "click", where: "country = 'DE'" };
    const first = definitionOf(german);
    const others = new Map<string, MetricSource>([[first.name, first]]);
    expect(definitionOf(german, others).name).toBe("click_count");
    const second = definitionOf({ ...german, where: "country = 'US'" }, others);
    expect(second.name).toBe("click_count_2");
    expect(panelOf({ ...german, where: "country = 'US'" }, others).metric).toBe("click_count_2");
    others.set(second.name, second);
    expect(definitionOf({ ...german, size: "1m" }, others).name).toBe("click_count_3");
    // A name that was typed is meant.
    expect(definitionOf({ ...german, size: "1m", metric: "click_count" }, others).name).toBe("click_count");
  });

  it("[U11] names what is written in other scripts by what it is", () => {
    const form = { ...NEW_FORM, event: "注文", aggregate: "sum", field: "金額", groupBy: ["国", "größe"] };
    expect(definitionOf(form).name).toBe("event_sum_field_by_group_gro_e");
    expect(panelOf(form).title).toBe("注文 金額 sum by 国, größe");
  });

  it("[U11] of a panel that there is means the same panel and metric, whatever is not shown", () => {
    const sources: MetricSource[] = [
      { name: "m", event: "e", aggregate: "count", window: { type: "tumbling", size: "1s" } },
      {
        name: "m",
        event: "e",
        aggregate: "topk(10, path)",
        window: { type: "sliding", size: "1h", every: "10s" },
        groupBy: ["a", "b"],
        where: "a != null",
        delay: "5s",
        lateness: "1m",
        maxGroups: 7,
        shards: 2,
      },
      { name: "m", event: "e", aggregate: "topk(3, path)", window: { type: "tumbling", size: "1m" } },
      { name: "m", event: "e", aggregate: "p99.9(value)", window: { type: "tumbling", size: "1m" } },
      {
        name: "m",
        event: "e",
        aggregate: "avg(duration)",
        window: { type: "session", gap: "5m", every: "1m" },
      },
    ];
    for (const source of sources) {
      const form = formOf(PANEL, source);
      const [before, after] = [parseMetric("m", source), parseMetric("m", definitionOf(form))];
      expect(after).toEqual(before);
      expect(panelOf(form)).toEqual(PANEL);
    }
  });

  it.each([
    ["event is nothing; expected the name", "event"],
    ["where, column 3: found the end; expected a comparison", "where"],
    ['aggregate is "x"; expected count', "aggregate"],
    ["aggregate sum needs a field: sum(value)", "field"],
    ['aggregate\'s field is ""; expected', "field"],
    ['window.size is "0s"; expected', "size"],
    ['window.every is "2s"; expected', "every"],
    ["window.size and window.every make 4000 panes a window; the bound is 3600", "size"],
    ["groupBy names a key twice: a, a", "groupBy"],
    ['name is "1"; expected a letter', "metric"],
    ["panels[2].top is 0; expected a whole number", "top"],
    ["the metric's windows may take 50 MiB of memory", undefined],
  ])("[U11] shows at its field: %s", (message, field) => {
    expect(faultyField(message)).toBe(field);
  });
});
