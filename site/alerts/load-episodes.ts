import type { AlertEpisode, AlertsAnswer } from "../../protocol/alert.ts";

/** A project's objects remember so many between them, at a thousand a page. */
const MOST_PAGES = 20;

/**
 * All alerts that a question finds, as far back as they are kept, page after page.
 *
 * @param ask how a page is had: the first without a cursor, the others with that of the page before.
 */
export async function loadEpisodes(
  ask: (cursor?: string) => Promise<Pick<AlertsAnswer, "episodes" | "cursor">>,
): Promise<{ episodes: AlertEpisode[]; pages: number }> {
  const found: AlertEpisode[] = [];
  let cursor: string | undefined;
  for (let pages = 1; ; pages++) {
    const page = await ask(cursor);
    found.push(...page.episodes);
    ({ cursor } = page);
    if (cursor === undefined || pages === MOST_PAGES) return { episodes: found, pages };
  }
}
