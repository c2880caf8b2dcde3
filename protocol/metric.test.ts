import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { hostileValues, isPolluted } from "../test/helpers/hostile-json.ts";
import { parseAggregate } from "./aggregate-spec.ts";
import { meansTheSame, parseMetric } from "./metric.ts";
import { paneMs } from "./window-spec.ts";

const SOURCE = { event: "click", aggregate: "count", window: { type: "tumbling", size: "1s" } };

const parse = (change: object = {}) => parseMetric("clicks", { ...SOURCE, ...change });

describe("[M1] a definition", () => {
  it("[M1] in full", () => {
    const parsed = parse({
      name: "clicks",
      aggregate: " sum( amount ) ",
      window: { type: "sliding", size: "1m", every: "1s" },
      groupBy: ["campaign", "user"],
      delay: "1s",
      lateness: "1m",
      where: "country = 'DE'",
      maxGroups: 10_000,
      shards: 16,
    });
    expect(parsed).toEqual({
      ok: true,
      value: {
        name: "clicks",
        event: "click",
        where: {
          type: "comparison",
          operator: "=",
          left: { type: "prop", name: "country" },
          right: { type: "literal", value: "DE" },
        },
        aggregate: { fn: "sum", field: "amount" },
        window: { type: "sliding", sizeMs: 60_000, everyMs: 1_000 },
        groupBy: ["campaign", "user"],
        delayMs: 1_000,
        latenessMs: 60_000,
        maxGroups: 10_000,
        shards: 16,
      },
    });
  });

  it("[M1] has the documented defaults", () => {
    expect(parse()).toMatchObject({
      value: {
        groupBy: [],
        delayMs: 2_000,
        latenessMs: 30_000,
        maxGroups: 1_000,
        window: { type: "tumbling", sizeMs: 1_000, everyMs: 1_000 },
      },
    });
    expect(parse({ groupBy: null, delay: null, lateness: null, maxGroups: null })).toEqual(parse());
  });

  it.each<[object, string]>([
    [{ name: "views" }, "name is \"views\"; the path says 'clicks'"],
    [{ whre: "x > 1" }, 'unknown field "whre"; expected name, event, where, aggregate, window, groupBy'],
    [{ where: "x >" }, "where, column 4: found the end; expected"],
    [{ where: 1 }, "where is 1; expected an expression such as"],
    [{ event: undefined }, "event is nothing; expected the name of the events to take, at most 128 bytes"],
    [{ event: "é".repeat(65) }, "expected the name of the events to take, at most 128 bytes"],
    [
      { aggregate: undefined },
      "aggregate is nothing; expected count, rate, sum(x), min(x), max(x), avg(x), last(x), uniques(x), topk(10, x)",
    ],
    [{ aggregate: "p100(value)" }, 'aggregate is "p100(value)"; expected a percentile from p0.1 to p99.99'],
    [{ aggregate: "p9.9.9(value)" }, "expected a percentile from p0.1 to p99.99"],
    [{ aggregate: "p95" }, "aggregate p95 needs a field: p95(value)"],
    [{ aggregate: "percentile(value)" }, 'aggregate is "percentile(value)"; expected count'],
    [
      { aggregate: "topk(value)" },
      'aggregate topk is given "value"; expected topk(k, x) with k from 1 to 100',
    ],
    [{ aggregate: "topk(101, page)" }, "expected topk(k, x) with k from 1 to 100"],
    [{ aggregate: "topk(3, page)", groupBy: ["page"] }, "topk over 'page', which is in groupBy too"],
    [{ aggregate: "histogram" }, "aggregate histogram needs a field: histogram(value)"],
    [
      { aggregate: "histogram(size)", groupBy: ["size"] },
      "aggregate is histogram over 'size', which is in groupBy too: both would be the label of that name",
    ],
    [{ aggregate: "sum" }, "aggregate sum needs a field: sum(value), or sum(p) for a prop p"],
    [{ aggregate: "sum( )" }, "aggregate sum needs a field"],
    [{ aggregate: "count(value)" }, "aggregate count takes no field, but has 'value'"],
    [{ aggregate: "sum(a)(b)" }, 'aggregate is "sum(a)(b)"; expected count'],
    [{ aggregate: `sum(${"a".repeat(129)})` }, "expected at most 128 bytes"],
    [{ aggregate: "constructor(x)" }, 'aggregate is "constructor(x)"; expected count'],
    [{ window: "1s" }, 'window is "1s"; expected an object such as {"type":"tumbling","size":"1s"}'],
    [
      { window: { type: "hopping" } },
      "window.type is \"hopping\"; expected 'tumbling', 'sliding' or 'session'",
    ],
    [
      { window: { type: "session", size: "1s" } },
      'unknown field "window.size"; a session window has type, gap, every',
    ],
    [{ window: { type: "session" } }, "window.gap is nothing; expected a duration from 100ms to 1d"],
    [{ window: { type: "session", gap: "1m", every: "1ms" } }, 'window.every is "1ms"; expected a duration'],
    [
      { window: { type: "session", gap: "1m" }, aggregate: "uniques(user)" },
      "aggregate uniques is not one of sessions",
    ],
    [
      { window: { type: "session", gap: "1m" }, aggregate: "avg(value)" },
      "aggregate's field is 'value'; a session has duration and events",
    ],
    [{ window: { type: "tumbling" } }, "window.size is nothing; expected a duration from 100ms to 31d"],
    [
      { window: { type: "tumbling", size: "99ms" } },
      'window.size is "99ms"; expected a duration from 100ms to 31d',
    ],
    [{ window: { type: "tumbling", size: "32d" } }, 'window.size is "32d"; expected'],
    [{ window: { type: "tumbling", size: "1s", every: "1s" } }, "window.every belongs to sliding windows"],
    [
      { window: { type: "tumbling", size: "1s", gap: "1s" } },
      'unknown field "window.gap"; a tumbling window has type, size',
    ],
    [
      { window: { type: "sliding", size: "1s" } },
      "window.every is nothing; expected a duration from 100ms to the window's size",
    ],
    [{ window: { type: "sliding", size: "1s", every: "2s" } }, 'window.every is "2s"; expected'],
    [
      { window: { type: "sliding", size: "3601s", every: "1s" } },
      "make 3601 panes a window; the bound is 3600",
    ],
    [
      { window: { type: "sliding", size: "1h", every: "999ms" } },
      "make 400000 panes a window; the bound is 3600",
    ],
    [{ groupBy: "campaign" }, "groupBy is \"campaign\"; expected a list of prop names, 'user' or 'name'"],
    [{ groupBy: ["a", ""] }, 'groupBy[1] is ""; expected a prop\'s name'],
    [{ groupBy: ["a".repeat(129)] }, "'user' or 'name', at most 128 bytes"],
    [{ groupBy: "abcdefghi".split("") }, "groupBy has 9 keys; the bound is 8"],
    [{ groupBy: ["a", "b", "a"] }, "groupBy names a key twice: a, b, a"],
    [{ delay: "soon" }, "delay is \"soon\"; expected a duration such as '2s', at most 1d"],
    [{ lateness: "25h" }, 'lateness is "25h"; expected'],
    [{ maxGroups: 0 }, "maxGroups is 0; expected a whole number from 1 to 10000"],
    [{ maxGroups: 10_001 }, "maxGroups is 10001; expected"],
    [{ maxGroups: "10" }, 'maxGroups is "10"; expected'],
    [{ shards: 0 }, "shards is 0; expected a whole number from 1 to 64"],
    [{ shards: 65 }, "shards is 65; expected"],
    [{ shards: 2 }, "only a tumbling or sliding metric with groupBy can be split"],
    [
      { groupBy: ["a"], maxGroups: 1_000, window: { type: "sliding", size: "1h", every: "1s" } },
      "the metric's windows may take 835 MiB of memory; the bound is 48 MiB: maxGroups of at most 56, more shards, a",
    ],
    [
      { window: { type: "tumbling", size: "100ms" }, lateness: "1d" },
      "the metric's windows may take 99 MiB of memory; the bound is 48 MiB: not even one group fits; a shorter window or lateness",
    ],
  ])("[M1] %j is refused with a message that names the field", (change, message) => {
    const parsed = parse(change);
    expect(parsed).toMatchObject({ ok: false, reason: "metric" });
    expect(!parsed.ok && parsed.message).toContain(message);
  });

  it.each(["", "1clicks", "a b", "a/b", "__proto__\n", "é", "a".repeat(129), "-a"])(
    "[M1] %j is no name",
    (name) => {
      const parsed = parseMetric(name, SOURCE);
      expect(!parsed.ok && parsed.message).toMatch(/^name is .+; expected a letter or _/);
    },
  );

  it("[M1] at its bounds it is accepted", () => {
    expect(parse({ window: { type: "sliding", size: "1h", every: "1s" } }).ok).toBe(true);
    expect(parse({ window: { type: "tumbling", size: "31d" } }).ok).toBe(true);
    expect(
      parse({ delay: "1d", lateness: "0s", event: "é".repeat(64), groupBy: "abcdefgh".split("") }).ok,
    ).toBe(true);
    expect(parseMetric("a".repeat(128), SOURCE).ok).toBe(true);
  });
});

describe("[M1] what a metric may hold in memory", () => {
  it("[M1] without maxGroups it may have as many groups as fit, at most 1,000", () => {
    const wide = { groupBy: ["a"], window: { type: "sliding", size: "1h", every: "1s" } };
    expect(parse({ groupBy: ["a"] })).toMatchObject({ value: { maxGroups: 1_000 } });
    expect(parse(wide)).toMatchObject({ value: { maxGroups: 56 } });
    expect(parse({ ...wide, shards: 4 })).toMatchObject({ value: { maxGroups: 128, shards: 4 } });
  });

  it("[M1] only delay and lateness may change without a metric becoming another", () => {
    const same = (a: object, b: object) => meansTheSame("m", { ...SOURCE, ...a }, { ...SOURCE, ...b });
    expect(same({}, { delay: "5s", lateness: "1m" })).toBe(true);
    const others = [
      { event: "view" },
      { where: "a" },
      { aggregate: "rate" },
      { groupBy: ["a"] },
      { maxGroups: 5 },
      { window: { type: "tumbling", size: "2s" } },
    ];
    for (const other of others) expect(same({}, other), JSON.stringify(other)).toBe(false);
  });

  it("[M1] nor does it when so many groups as fit are others for the lateness's sake", () => {
    const [long, short] = [parse({ lateness: "1d" }), parse({})];
    expect(long.ok && short.ok && long.value.maxGroups < short.value.maxGroups).toBe(true);
    const same = (a: object, b: object) => meansTheSame("m", { ...SOURCE, ...a }, { ...SOURCE, ...b });
    expect(same({ lateness: "1d" }, { lateness: "5s" })).toBe(true);
    expect(same({ lateness: "5s" }, { lateness: "1d" })).toBe(true);
    expect(same({ lateness: "1d", maxGroups: 5 }, { lateness: "5s" })).toBe(false);
  });
});

describe("[M1] hostile definitions", () => {
  it("[M1] are refused, whole or in any field, in few words", () => {
    for (const [what, value] of hostileValues()) {
      for (const parsed of [
        parseMetric("m", value),
        ...[...Object.keys(SOURCE), "groupBy", "delay", "lateness", "maxGroups"].map((field) =>
          parse({ [field]: value }),
        ),
        parse({ window: { ...SOURCE.window, size: value } }),
        parse({ window: { ...SOURCE.window, junk: value } }),
        parse({ groupBy: [value] }),
      ]) {
        if (parsed.ok) expect(JSON.stringify(parsed.value).length, what).toBeLessThan(1_000);
        else expect(parsed.message.length, what).toBeLessThan(300);
      }
    }
    expect(isPolluted()).toBe(false);
  });

  it("[M1] whatever JSON holds is a metric or a reason", () => {
    fc.assert(
      fc.property(
        fc.string(),
        fc.jsonValue(),
        fc.dictionary(fc.constantFrom(...Object.keys(SOURCE)), fc.jsonValue()),
        (name, raw, change) => {
          expect(typeof parseMetric(name, raw).ok).toBe("boolean");
          expect(typeof parse(change).ok).toBe("boolean");
        },
      ),
    );
  });

  it("[M1] an aggregate's text takes linear time", () => {
    const beganMs = performance.now();
    parseAggregate(`sum(${" ".repeat(100_000)}`);
    parseAggregate(`sum(${"a ".repeat(50_000)}`);
    expect(performance.now() - beganMs).toBeLessThan(1_000);
  });
});

describe("[M2] aggregates", () => {
  it.each([
    ["count", { fn: "count" }],
    ["rate", { fn: "rate" }],
    ["sum(value)", { fn: "sum", field: "value" }],
    ["last(price)", { fn: "last", field: "price" }],
    ["p50(value)", { fn: "percentile", field: "value", parameter: 50 }],
    ["p99.9(latency)", { fn: "percentile", field: "latency", parameter: 99.9 }],
    ["uniques(user)", { fn: "uniques", field: "user" }],
    ["topk(10, page)", { fn: "topk", field: "page", parameter: 10 }],
    ["topk( 3 ,a, b )", { fn: "topk", field: "a, b", parameter: 3 }],
    ["histogram(value)", { fn: "histogram", field: "value" }],
  ])("[M2] %s is read", (text, spec) => {
    expect(parseAggregate(text)).toEqual({ ok: true, value: spec });
  });
});

describe("[W2] panes", () => {
  it("[W2] the longest slice that both size and step are made of", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1e6 }), fc.integer({ min: 1, max: 1e6 }), (sizeMs, everyMs) => {
        const pane = paneMs({ sizeMs, everyMs });
        expect([sizeMs % pane, everyMs % pane]).toEqual([0, 0]);
        for (let factor = 2; factor <= 7; factor++) {
          expect(sizeMs % (pane * factor) === 0 && everyMs % (pane * factor) === 0).toBe(false);
        }
      }),
    );
  });
});
