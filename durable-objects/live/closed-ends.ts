import type { Metric } from "../../protocol/metric.ts";

/** Windows that are closed, or sealed, between two looks at a view and are told one by one: time may leap. */
const MOST_CLOSED = 1_000;

/** The ends of the last window that is final, and of the last one that is sealed. */
type Closed = [finalEnd: number, sealedEnd: number];

/** Up to where the windows of views were closed when they were last looked at. */
export class ClosedEnds {
  readonly #closed = new Map<string, Closed>();

  /** A watcher is given a picture as of `watermark`: of what closes later it is to be told. */
  told(name: string, metric: Metric, watermark: number): void {
    const closed = closedBy(metric, watermark);
    const [finalEnd, sealedEnd] = this.#closed.get(name) ?? closed;
    this.#closed.set(name, [Math.min(finalEnd, closed[0]), Math.min(sealedEnd, closed[1])]);
  }

  /** Ends of the windows that were closed or sealed since the last look; undefined: too many to be told one by one. */
  moved(name: string, metric: Metric, watermark: number): number[] | undefined {
    const closed = closedBy(metric, watermark);
    const before = this.#closed.get(name) ?? closed;
    this.#closed.set(name, [Math.max(before[0], closed[0]), Math.max(before[1], closed[1])]);
    const { everyMs } = metric.window;
    const counts = closed.map((end, i) => Math.max(0, Math.floor((end - (before[i] ?? end)) / everyMs)));
    if (counts.some((count) => count > MOST_CLOSED)) return undefined;
    return closed.flatMap((end, i) => Array.from({ length: counts[i] ?? 0 }, (_, k) => end - k * everyMs));
  }
}

function closedBy({ window: { everyMs }, latenessMs }: Metric, watermark: number): Closed {
  const floor = (ms: number): number => Math.floor(ms / everyMs) * everyMs;
  return [floor(watermark), floor(watermark - latenessMs)];
}
