import { describe, expect, it } from "vitest";
import type { CatalogChangeRequest } from "../../protocol/catalog-change.ts";
import type { Dashboard } from "../../protocol/dashboard.ts";
import type { MetricSource } from "../../protocol/metric.ts";
import type { Draft } from "./draft.ts";
import { RefusedChangeError, type Requests, type Stored } from "./requests.ts";
import { type Bases, changedMetrics, type Conflict, save, withStored, withTheirs } from "./save.ts";

const metric = (name: string, where: string): MetricSource => ({
  name,
  event: "ad",
  where,
  aggregate: "count",
  window: { type: "tumbling", size: "10s" },
});
const dashboard = (title: string): Dashboard => ({ name: "shop", title, range: "15m", panels: [] });

describe("what others have saved meanwhile", () => {
  const draft: Draft = {
    dashboard: dashboard("mine"),
    metrics: { a: metric("a", "mine"), b: metric("b", "mine") },
  };
  const bases: Bases = { dashboard: dashboard("first"), metrics: { a: metric("a", "first"), b: undefined } };
  const conflicts: Conflict[] = [
    { kind: "metrics", name: "a", stored: metric("a", "theirs"), mine: metric("a", "mine") },
    { kind: "dashboards", name: "shop", stored: dashboard("theirs"), mine: dashboard("mine") },
  ];

  it("[U11] takes the place of one's own at once, and leaves the rest", () => {
    const taken = withTheirs(draft, conflicts);
    expect(taken).toEqual({
      dashboard: dashboard("theirs"),
      metrics: { a: metric("a", "theirs"), b: metric("b", "mine") },
    });
    // Theirs is no change of ours.
    expect(changedMetrics(taken, withStored(bases, conflicts))).toEqual([metric("b", "mine")]);
  });

  it("[U11] may be that it was removed", () => {
    const removed: Conflict[] = [
      { kind: "metrics", name: "a", stored: undefined, mine: metric("a", "mine") },
    ];
    expect(withTheirs(draft, removed).metrics).toEqual({ b: metric("b", "mine") });
    expect(withStored(bases, removed).metrics["a"]).toBeUndefined();
  });

  it("[U11] is what one's own is saved over, when it is known", () => {
    const over = withStored(bases, conflicts);
    expect(over.dashboard).toEqual(dashboard("theirs"));
    expect(changedMetrics(draft, over)).toEqual([metric("a", "mine"), metric("b", "mine")]);
  });
});

describe("a draft that is saved", () => {
  const draft: Draft = {
    dashboard: dashboard("mine"),
    metrics: { a: metric("a", "mine"), b: metric("b", "mine") },
  };
  const bases: Bases = { dashboard: dashboard("first"), metrics: { a: metric("a", "first"), b: undefined } };

  /** A catalog with what the draft was made of, which refuses one of the changes. */
  function catalog(refusal?: { status: number; index: number }) {
    const asked: CatalogChangeRequest[][] = [];
    const held = new Map<string, Stored>([
      ["metrics/a", { definition: metric("a", "first"), tag: '"1"' }],
      ["dashboards/shop", { definition: dashboard("first"), tag: '"2"' }],
    ]);
    return {
      asked,
      held,
      stored: ((kind: string, name: string) =>
        Promise.resolve(held.get(`${kind}/${name}`) ?? {})) as Requests["stored"],
      change: (changes: readonly CatalogChangeRequest[]) => {
        asked.push([...changes]);
        if (refusal === undefined) return Promise.resolve([...changes]);
        const { status, index } = refusal;
        const { kind, name } = changes[index] as CatalogChangeRequest;
        if (status === 412) held.set(`${kind}/${name}`, { definition: metric(name, "theirs"), tag: '"3"' });
        return Promise.reject(new RefusedChangeError(status, "no", { kind, name, index }));
      },
    };
  }

  it("[U11] goes to the catalog as one request, each definition in place of what is there", async () => {
    const requests = catalog();
    expect(await save(draft, bases, requests)).toEqual({ status: "saved", stored: dashboard("mine") });
    expect(requests.asked).toEqual([
      [
        { kind: "metrics", name: "a", put: metric("a", "mine"), ifMatch: '"1"' },
        { kind: "metrics", name: "b", put: metric("b", "mine"), ifNoneMatch: "*" },
        { kind: "dashboards", name: "shop", put: dashboard("mine"), ifMatch: '"2"' },
      ],
    ]);
  });

  it("[U11] is refused whole: the metric is named because of which, or the one that was changed meanwhile", async () => {
    expect(await save(draft, bases, catalog({ status: 409, index: 1 }))).toEqual({
      status: "refused",
      message: "no",
      metric: "b",
    });
    const conflict = { kind: "metrics", name: "b", stored: metric("b", "theirs"), mine: metric("b", "mine") };
    expect(await save(draft, bases, catalog({ status: 412, index: 1 }))).toEqual({
      status: "changed",
      conflicts: [conflict],
    });
    expect(await save(draft, bases, catalog({ status: 403, index: 0 }))).toMatchObject({ status: "key" });
  });

  it("[U11] says that a metric which it has saved before was removed, and brings it back when asked to", async () => {
    const requests = catalog();
    const kept: Bases = { ...bases, metrics: { a: metric("a", "mine"), b: metric("b", "mine") } };
    requests.held.set("metrics/a", { definition: metric("a", "theirs"), tag: '"4"' });
    const outcome = await save(draft, kept, requests);
    const conflict = { kind: "metrics", name: "b", stored: undefined, mine: metric("b", "mine") } as const;
    // What others made of the other one is theirs to say.
    expect(outcome).toEqual({ status: "changed", conflicts: [conflict] });
    expect(await save(draft, withStored(kept, [conflict]), requests)).toMatchObject({ status: "saved" });
    expect(requests.asked).toEqual([
      [
        { kind: "metrics", name: "b", put: metric("b", "mine"), ifNoneMatch: "*" },
        { kind: "dashboards", name: "shop", put: dashboard("mine"), ifMatch: '"2"' },
      ],
    ]);
  });

  it.each(["constructor", "__proto__"])("[U11] may bring a metric that is called %s", async (name) => {
    const odd: Draft = {
      dashboard: dashboard("first"),
      metrics: Object.fromEntries([[name, metric(name, "mine")]]),
    };
    const requests = catalog();
    expect(changedMetrics(odd, bases)).toEqual([metric(name, "mine")]);
    expect(await save(odd, bases, requests)).toMatchObject({ status: "saved" });
    expect(requests.asked).toEqual([
      [{ kind: "metrics", name, put: metric(name, "mine"), ifNoneMatch: "*" }],
    ]);
    const conflict: Conflict = {
      kind: "metrics",
      name,
      stored: metric(name, "theirs"),
      mine: metric(name, "mine"),
    };
    const over = withStored(bases, [conflict]);
    expect(changedMetrics(withTheirs(odd, [conflict]), over)).toEqual([]);
  });
});
