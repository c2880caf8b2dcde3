import fc from "fast-check";
import { expect, it } from "vitest";
import type { AlertEpisode, AlertsAnswer } from "../../protocol/alert.ts";
import { loadEpisodes } from "./load-episodes.ts";

const PAGE = 5;

/** What a server answers that keeps these, five a page. */
function server(kept: readonly AlertEpisode[]) {
  return (fromMs: number, toMs: number): Promise<AlertsAnswer> => {
    const found = kept
      .filter(({ firedAt, resolvedAt }) => firedAt <= toMs && (resolvedAt ?? Infinity) >= fromMs)
      .sort((a, b) => b.firedAt - a.firedAt);
    const answer = {
      rules: [],
      silences: [],
      episodes: found.slice(0, PAGE),
      truncated: found.length > PAGE,
    };
    return Promise.resolve(answer);
  };
}

const episode = (firedAt: number, lastsMs: number | null, group: string): AlertEpisode => ({
  alert: "a",
  metric: "m",
  group: { group },
  condition: "> 5",
  firedAt,
  firedValue: 6,
  resolvedAt: lastsMs === null ? null : firedAt + lastsMs,
  resolvedValue: null,
});

it("[A1] of any alerts, all that fired in a span are found, each once, however many pages that takes", async () => {
  const alerts = fc.uniqueArray(
    fc.record({
      firedAt: fc.integer({ min: 0, max: 60 }),
      lastsMs: fc.oneof(fc.constant(null), fc.integer({ min: 0, max: 30 })),
      group: fc.constantFrom("a", "b", "c", "d"),
    }),
    { maxLength: 40, selector: ({ firedAt, group }) => `${firedAt} ${group}` },
  );
  await fc.assert(
    fc.asyncProperty(
      alerts,
      fc.integer({ min: 0, max: 50 }),
      fc.integer({ min: 1, max: 40 }),
      async (all, fromMs, spanMs) => {
        const kept = all.map(({ firedAt, lastsMs, group }) => episode(firedAt, lastsMs, group));
        const toMs = fromMs + spanMs;
        const { episodes, pages } = await loadEpisodes(server(kept), fromMs, toMs);
        const wanted = kept.filter(
          ({ firedAt, resolvedAt }) => firedAt <= toMs && (resolvedAt ?? Infinity) >= fromMs,
        );
        const text = (each: AlertEpisode) => JSON.stringify(each);
        expect(episodes.map(text).sort()).toEqual(wanted.map(text).sort());
        expect(pages).toBeLessThanOrEqual(20);
      },
    ),
  );
});

it("[A1] more of one moment than a page holds are left, and the question comes to an end", async () => {
  const kept = Array.from({ length: 12 }, (_, i) => episode(7, 1, `g${i}`));
  const { episodes } = await loadEpisodes(server([...kept, episode(3, 1, "a")]), 0, 10);
  expect(episodes).toHaveLength(6);
});
