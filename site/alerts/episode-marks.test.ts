import { expect, it } from "vitest";
import type { AlertEpisode } from "../../protocol/alert.ts";
import { episodeMarks } from "./episode-marks.ts";

const episode = (alert: string, site: string, firedAt: number, resolvedAt: number | null): AlertEpisode => ({
  alert,
  metric: "m",
  group: { site },
  condition: "> 5",
  firedAt,
  firedValue: 6,
  resolvedAt,
  resolvedValue: null,
});

it("[A1] alerts of one rule that overlap are one mark, those of others or of another time are not", () => {
  const marks = episodeMarks(
    [
      episode("many", "c", 50, null),
      episode("many", "a", 10, 20),
      episode("many", "b", 20, 30),
      episode("other", "a", 15, 18),
    ],
    100,
  );
  expect(marks[0]?.groups).toEqual([{ site: "a" }, { site: "b" }]);
  expect(marks.map(({ label, at, to }) => [label, at, to])).toEqual([
    ["many: 2 groups", 10, 30],
    ["other: a", 15, 18],
    ["many: c", 50, 100],
  ]);
  expect(episodeMarks([{ ...episode("many", "", 5, null), group: {} }], 3)).toMatchObject([
    { label: "many", at: 5, to: 5 },
  ]);
});

it("[A1] alerts of one rule that a chart could not draw apart are one mark", () => {
  const flapping = Array.from({ length: 100 }, (_, i) => episode("many", "a", i * 10, i * 10 + 5));
  expect(episodeMarks(flapping, 2_000)).toHaveLength(100);
  expect(episodeMarks(flapping, 2_000, 5)).toMatchObject([{ label: "many: a", at: 0, to: 995 }]);
});
