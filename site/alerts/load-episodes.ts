import type { AlertEpisode, AlertsAnswer } from "../../protocol/alert.ts";

/** A project's objects remember so many between them, at a thousand a page. */
const MOST_PAGES = 20;

/**
 * The alerts that were firing at some time of a span, epoch ms, as far back as they are kept: page after page, each
 * ending where the one before began.
 *
 * @param ask how an answer is had: the newest come first.
 */
export async function loadEpisodes(
  ask: (fromMs: number, toMs: number) => Promise<AlertsAnswer>,
  fromMs: number,
  toMs: number,
): Promise<{ episodes: AlertEpisode[]; pages: number }> {
  const found = new Map<string, AlertEpisode>();
  let endMs = toMs;
  for (let pages = 1; ; pages++) {
    // What has been firing for long began before the span, perhaps before the end of this page.
    const { episodes, truncated } = await ask(Math.min(fromMs, endMs), endMs);
    for (const episode of episodes) {
      const { alert, group, firedAt, resolvedAt } = episode;
      if (resolvedAt !== null && resolvedAt < fromMs) continue;
      found.set(JSON.stringify([alert, group, firedAt]), episode);
    }
    const oldestMs = episodes.at(-1)?.firedAt;
    if (!truncated || oldestMs === undefined || pages === MOST_PAGES) {
      return { episodes: [...found.values()], pages };
    }
    // Those of one moment may be more than a page.
    endMs = Math.min(oldestMs, endMs - 1);
  }
}
