import type { ExploreQuestion } from "../../protocol/explore.ts";
import { LIMITS } from "../../protocol/limits.ts";
import type { Metric } from "../../protocol/metric.ts";
import { POINT_STATE, type Series } from "../../protocol/series.ts";
import type { SealedPoint } from "../engine/sealed-point.ts";
import { Replay } from "../engine/replay.ts";
import { countPoints, resample, seriesOf, type WindowPoint } from "../engine/window-points.ts";
import type { ArchiveBucket } from "./archive-bucket.ts";
import type { ExploreShare } from "./log-tail.ts";
import { type EventField, type EventReadCounts, noCounts, readEvents } from "./read-events.ts";

const HOUR_MS = 3_600_000;
/** A session that began earlier before the span than this counts from here. */
const SESSION_BEGIN_MS = 4 * HOUR_MS;

/** What is read to answer a question: times of events, epoch ms, end exclusive. */
export function eventSpan({ metric: { window }, fromMs, toMs, stepMs }: ExploreQuestion): {
  fromMs: number;
  toMs: number;
} {
  const beforeMs = window.type === "session" ? SESSION_BEGIN_MS + (window.gapMs ?? 0) : window.sizeMs;
  return { fromMs: fromMs - beforeMs - stepMs, toMs };
}

/** More was asked for than one answer may hold. */
export class TooManyPointsError extends Error {
  override name = "TooManyPointsError";
}

interface Explored {
  series: Series[];
  counts: EventReadCounts;
}

/**
 * Computes a metric over past events: the archive's hour by hour, and what is not archived yet.
 *
 * @param shares what each partition has of it.
 * @param onProgress is told the share that is done, 0 to 1.
 * @throws TooManyPointsError
 */
export async function explore(
  question: ExploreQuestion,
  shares: readonly ExploreShare[],
  bucket: ArchiveBucket | undefined,
  nowMs: number,
  onProgress: (done: number) => void = () => undefined,
): Promise<Explored> {
  const { metric, fromMs, toMs, stepMs } = question;
  const replay = new Replay(metric);
  const counts = noCounts();
  const points: WindowPoint[] = [];
  let found = 0;
  const keep = (sealed: readonly SealedPoint[]): void => {
    for (const point of sealed) {
      // A step is merged of the windows that end in it.
      if (point[0] <= fromMs - stepMs || point[0] > toMs + stepMs) continue;
      const read = { ...replay.read(point), state: stateAt(point[0], nowMs) };
      found += countPoints(read.outcome);
      points.push(read);
    }
    if (found > LIMITS.exploredPoints) {
      throw new TooManyPointsError(
        `the answer has more than ${LIMITS.exploredPoints} points; ask for a shorter span, fewer groups or a longer window`,
      );
    }
  };
  for (const { tail } of shares) for (const partial of tail) replay.apply(partial);
  const span = eventSpan(question);
  const query = { name: metric.event, ...span, fields: fieldsOf(metric) };
  const hours = filesByHour(shares);
  let done = 0;
  for (const [hourMs, files] of hours) {
    if (bucket === undefined) break;
    for await (const events of readEvents(files, query, bucket, counts)) replay.add(events);
    keep(replay.advance(Math.min(hourMs + HOUR_MS, toMs)));
    onProgress(++done / hours.length);
  }
  keep(replay.finish());
  const closed = { finalEnd: nowMs, sealedEnd: nowMs };
  const stepped = resample(replay.compiled, points, stepMs, closed);
  return { series: seriesOf(replay.compiled, within(stepped, fromMs, toMs)), counts };
}

function* within(points: Iterable<WindowPoint>, fromMs: number, toMs: number): Generator<WindowPoint> {
  for (const point of points) if (point.end >= fromMs && point.end <= toMs) yield point;
}

function filesByHour(shares: readonly ExploreShare[]): [hourMs: number, files: ExploreShare["files"]][] {
  const hours = new Map<number, ExploreShare["files"]>();
  for (const file of shares.flatMap(({ files }) => files)) {
    const files = hours.get(file.hourMs) ?? [];
    files.push(file);
    hours.set(file.hourMs, files);
  }
  return [...hours].sort(([a], [b]) => a - b);
}

/** The columns that a metric looks at, beside name and time. */
export function fieldsOf(metric: Metric): EventField[] {
  if (metric.where !== undefined) return ["value", "user", "props", "id"];
  const names = [
    ...metric.groupBy,
    metric.aggregate.field ?? "",
    metric.window.type === "session" ? "user" : "",
  ];
  const fields: EventField[] = [];
  if (names.includes("value")) fields.push("value");
  if (names.includes("user")) fields.push("user");
  if (names.some((name) => !["", "value", "user", "name"].includes(name))) fields.push("props");
  return fields;
}

/** A window whose events may still come is open; what is past is as final as past can be. */
function stateAt(end: number, nowMs: number): WindowPoint["state"] {
  return end > nowMs ? POINT_STATE.provisional : POINT_STATE.final;
}
