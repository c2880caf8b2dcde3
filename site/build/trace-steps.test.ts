import { describe, expect, it } from "vitest";
import type { Trace, TracedMetric } from "../../protocol/observe.ts";
import { stepsOf, verdictText } from "./trace-steps.ts";

const TRACE: Trace = {
  place: { partition: 2, offset: 40, line: 1 },
  event: { name: "click", ts: 1_000_000 },
  batch: { id: "b-1", events: 3, bytes: 120 },
  received: { atMs: 1_000_400, behindMs: 400 },
  logged: { log: "embedded", atMs: 1_000_410, endOffset: 45 },
  folded: { state: "done", byMs: 1_000_450, nextOffset: 45, lastError: "" },
  metrics: [],
  metricsLeftOut: 0,
  archived: { state: "waiting", nextOffset: 10 },
};

describe("[U9] the way of an event in words", () => {
  it("[U9] has every stage with the time that is known", () => {
    const steps = stepsOf(TRACE);
    expect(steps.map(({ state, atMs }) => [state, atMs])).toEqual([
      ["done", 1_000_400],
      ["done", 1_000_410],
      ["done", 1_000_450],
      ["waiting", undefined],
    ]);
    expect(steps[1]?.text).toContain("partition 2, offset 40, line 1: batch b-1 of 3 events");
  });

  it("[U9] says of each stage what is not known", () => {
    const { byMs: _by, ...folded } = TRACE.folded;
    const steps = stepsOf({ ...TRACE, folded, logged: { log: "kafka", endOffset: 45 } });
    expect(steps[1]?.text).toContain("When is not known.");
    expect(steps[2]?.text).toContain("no longer remembered");
    const behind = { state: "waiting", nextOffset: 7, lastError: "Kafka is away" } as const;
    expect(stepsOf({ ...TRACE, folded: behind })[2]).toMatchObject({
      state: "waiting",
      text: "The reader is at offset 7 of 45. It says: Kafka is away",
    });
    expect(stepsOf({ ...TRACE, archived: { state: "none", nextOffset: 0 } })[3]?.text).toContain(
      "No archive",
    );
  });

  it("[U9] tells in which windows it counts, or why not", () => {
    const window = { startMs: 1_000_000, endMs: 1_010_000, state: 0 } as const;
    const counts: TracedMetric = {
      metric: "m",
      verdict: "counts",
      watermarkMs: null,
      first: window,
      last: window,
      windows: 1,
      value: 5,
    };
    expect(verdictText(counts)).toMatch(
      /^In the window of 10 s that ends .*, where its group has 5 now; it is open\./,
    );
    expect(verdictText({ ...counts, windows: 60 })).toMatch(/^In 60 windows of 10 s/);
    for (const verdict of ["filtered", "skipped", "before", "late", "waits"] as const) {
      expect(verdictText({ ...counts, verdict })).not.toContain("window of");
    }
  });
});
