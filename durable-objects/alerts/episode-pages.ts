import type { AlertEpisode } from "../../protocol/alert.ts";
import { describe, fail, ok, type Result } from "../../protocol/result.ts";

/** An alert as one window object keeps it. */
export interface KeptEpisode {
  /** Unique in its object; what fired later has a greater one. */
  id: number;
  episode: AlertEpisode;
}

/** Where an alert stands among all of a project: the newest first, at one moment by object, then the greatest id first. */
export interface EpisodePlace {
  firedAt: number;
  id: number;
  object: string;
}

/** A page of a project's alerts. `cursor`: there are more, and these come after it. */
export interface EpisodePage {
  episodes: AlertEpisode[];
  cursor?: string;
}

const CURSOR = /^(\d{1,16}):(\d{1,16}):(.{1,400})$/s;

/** What several objects have, as one page. Each gives one more than `limit`, if it has that many. */
export function episodePage(
  objects: readonly { object: string; episodes: readonly KeptEpisode[] }[],
  limit: number,
): EpisodePage {
  const all = objects.flatMap(({ object, episodes }) =>
    episodes.map(({ id, episode }) => ({ episode, place: { firedAt: episode.firedAt, id, object } })),
  );
  all.sort((a, b) => compared(a.place, b.place));
  const page = all.slice(0, limit);
  const last = page.at(-1);
  const episodes = page.map(({ episode }) => episode);
  return all.length > limit && last !== undefined ? { episodes, cursor: cursorOf(last.place) } : { episodes };
}

/** Reads a cursor that {@link episodePage} has made. */
export function parseCursor(text: string): Result<EpisodePlace> {
  const [, firedAt, id, object] = CURSOR.exec(text) ?? [];
  if (object !== undefined) return ok({ firedAt: Number(firedAt), id: Number(id), object });
  return fail("cursor", `cursor is ${describe(text)}; expected the cursor of an answer`);
}

/** Of what fired at the moment of `place`, the ids of an object that come after it are less than this. */
export function idsBelow({ object, id }: EpisodePlace, ownObject: string): number {
  if (object === ownObject) return id;
  return ownObject > object ? Number.MAX_SAFE_INTEGER : 0;
}

function compared(a: EpisodePlace, b: EpisodePlace): number {
  if (a.object === b.object) return b.firedAt - a.firedAt || b.id - a.id;
  return b.firedAt - a.firedAt || (a.object < b.object ? -1 : 1);
}

function cursorOf({ firedAt, id, object }: EpisodePlace): string {
  return `${firedAt}:${id}:${object}`;
}
