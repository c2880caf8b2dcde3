import { describe, expect, it } from "vitest";
import { POINT_STATE, type PointState, type QueryAnswer } from "../../protocol/series.ts";
import { PastSeries, type RunQuery } from "./past-series.ts";

const REQUEST = { metric: "beats", fromMs: 0, toMs: 10_000 };
const answer = (...s: PointState[]): QueryAnswer => ({
  metric: "beats",
  series: [{ group: {}, t: s.map((_, i) => (i + 1) * 1_000), v: s.map(() => 1), s }],
  tiers: [],
});

describe("PastSeries", () => {
  it("[U2] is settled when it has an answer in which no window is open", async () => {
    const answers: (QueryAnswer | Error)[] = [
      new Error("The server does not answer."),
      answer(POINT_STATE.final, POINT_STATE.provisional),
      answer(POINT_STATE.final, POINT_STATE.final),
    ];
    const run: RunQuery = async () => {
      const next = answers.shift();
      if (next === undefined || next instanceof Error) throw next;
      return next;
    };
    const past = new PastSeries(run);
    const seen: (boolean | string)[] = [];
    for (let i = 0; i < 3; i++) {
      await past.load(REQUEST);
      seen.push(past.error ?? past.settled);
    }
    expect(seen).toEqual(["The server does not answer.", false, true]);
  });

  it("[U4] says whether it waits for an answer", async () => {
    const given: ((answer: QueryAnswer) => void)[] = [];
    const past = new PastSeries(() => new Promise<QueryAnswer>((settle) => given.push(settle)));
    const first = past.load(REQUEST);
    expect(past.asking).toBe(true);
    const second = past.load(REQUEST);
    given[0]?.(answer(POINT_STATE.final));
    await first;
    expect([past.asking, past.ready]).toEqual([true, false]);
    given[1]?.(answer(POINT_STATE.final));
    await second;
    expect([past.asking, past.ready]).toEqual([false, true]);
  });
});
