import type { Series } from "../../protocol/series.ts";
import { hash64 } from "../engine/hash.ts";

const TAGS = 36 ** 4;

/** How far a metric has been told: a life of the object that tells it, and a change's number in that life. */
export interface Position {
  /** Later lives have greater numbers. */
  life: number;
  /** Rises by one with each frame. */
  sequence: number;
}

/** Changed points of one metric on their way from its window object through hubs. */
export interface LiveFrame {
  metric: string;
  /** What the frame brings a watcher to. */
  position: Position;
  /** Absent: what comes does not go on from what came before. Whoever shows the metric needs a new snapshot. */
  delta?: FrameDelta;
}

export interface FrameDelta {
  /** The sequence that the frame goes on from, in the same life. */
  after: number;
  /** JSON of the changed points, a list of `Series`. */
  series: string;
  /** Epoch ms; null before the first event. */
  watermark: number | null;
  /** Milliseconds from the arrival of the oldest event in the frame to its sending. */
  lag: number;
}

/** What a window object answers a hub that begins to watch: a list of `Series` as of `position`, or later. */
export interface WatchedSnapshot {
  position: Position;
  series: Series[];
  watermark: number | null;
}

const CURSOR = /^([0-9a-z]{1,11})\.([0-9a-z]{1,11})\.([0-9a-z]{1,4})$/;

/** The position as clients are given it, for one `tag`: see {@link tagOf}. They read nothing into it. */
export function cursorOf({ life, sequence }: Position, tag: string): string {
  return `${life.toString(36)}.${sequence.toString(36)}.${tag}`;
}

/** The position that a cursor names; undefined: it is none of ours, or was given for something else. */
export function positionOf(cursor: string, tag: string): Position | undefined {
  const parts = CURSOR.exec(cursor);
  if (parts === null || parts[3] !== tag) return undefined;
  const life = Number.parseInt(parts[1] ?? "", 36);
  const sequence = Number.parseInt(parts[2] ?? "", 36);
  return Number.isSafeInteger(life) && Number.isSafeInteger(sequence) ? { life, sequence } : undefined;
}

/**
 * A word of a few characters for what a subscription shows: positions of one object's metrics look alike, and a picture of another
 * metric, span or groups is not to be gone on from.
 */
export function tagOf(metric: string, rangeMs: number, groupsKey: string): string {
  return (hash64(`${rangeMs} ${groupsKey} ${metric}`)[1] % TAGS).toString(36);
}
