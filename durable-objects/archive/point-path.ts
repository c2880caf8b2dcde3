import { projectOf } from "../engine/placement.ts";

/** What a file of sealed points holds: points of one window object, of one hour or day, from one range of its rows. */
export interface PointPlace {
  /** Name of the window object. */
  object: string;
  /** 0: points as they were sealed; else what they are rolled up to, ms. */
  stepMs: number;
  /** When the hour, or of what is rolled up the day, begins: epoch ms. */
  beginMs: number;
  /** First and last row. */
  from: number;
  to: number;
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** When the file begins that a point is in, by its window's end. What is rolled up to midnight is of the day before. */
export function beginOf(endMs: number, stepMs: number): number {
  if (stepMs === 0) return Math.floor(endMs / HOUR_MS) * HOUR_MS;
  return Math.floor((endMs - 1) / DAY_MS) * DAY_MS;
}

/** The object's name: by the windows' ends, so that a query prunes by it, and by rows, so that a retry writes the same object. */
export function pointPath({ object, stepMs, beginMs, from, to }: PointPlace): string {
  const [date = "", time = ""] = new Date(beginMs).toISOString().split("T");
  const folder = `project=${encodeURIComponent(projectOf(object))}/date=${date}`;
  const [, metric, share] = object.split("/");
  const writer = metric === undefined ? "w" : `${encodeURIComponent(metric)}.${share ?? ""}`;
  const file = `${writer}-${from}-${to}.parquet`;
  return stepMs === 0
    ? `points/${folder}/hour=${time.slice(0, 2)}/${file}`
    : `rollups/step=${stepMs}/${folder}/${file}`;
}
