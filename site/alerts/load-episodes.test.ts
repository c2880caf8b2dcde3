import { expect, it } from "vitest";
import type { AlertEpisode } from "../../protocol/alert.ts";
import { loadEpisodes } from "./load-episodes.ts";

const PAGE = 5;

const episode = (firedAt: number, group: string): AlertEpisode => ({
  alert: "a",
  metric: "m",
  group: { group },
  condition: "> 5",
  firedAt,
  firedValue: 6,
  resolvedAt: firedAt + 1,
  resolvedValue: null,
});

/** What a server answers that keeps these, five a page. */
function server(kept: readonly AlertEpisode[]) {
  return (cursor = "0") => {
    const from = Number(cursor);
    const episodes = kept.slice(from, from + PAGE);
    return Promise.resolve(
      from + PAGE < kept.length ? { episodes, cursor: String(from + PAGE) } : { episodes },
    );
  };
}

it.each([0, 1, 5, 6, 23])(
  "[A1] of %i alerts all are found, each once, however many are of one moment",
  async (count) => {
    const kept = Array.from({ length: count }, (_, i) => episode(7, `g${i}`));
    const { episodes, pages } = await loadEpisodes(server(kept));
    expect(episodes).toEqual(kept);
    expect(pages).toBe(Math.max(1, Math.ceil(count / PAGE)));
  },
);

it("[A1] a server that has more and more brings no endless question", async () => {
  const more = () => Promise.resolve({ episodes: [episode(3, "a")], cursor: "1" });
  expect((await loadEpisodes(more)).pages).toBe(20);
});
