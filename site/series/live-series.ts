import type { ErrorMessage, SnapshotMessage, DeltaMessage } from "../../protocol/live.ts";
import { parseDuration } from "../../protocol/time.ts";
import type { Connection, SeriesRequest } from "./connection.ts";
import type { PanelSeries } from "./panel-series.ts";
import { rhythmMs, SeriesBuffer } from "./series.ts";
import type { View } from "../time/view.ts";

/** Rows kept at most while the page is paused: about four hours of one a second. */
const MOST_ROWS = 15_000;

/** One subscription as panels see it: its points, and what is known about them. */
export class LiveSeries implements PanelSeries {
  readonly buffer = new SeriesBuffer();
  readonly #view: View;
  readonly #rangeMs: number;
  readonly #listeners = new Set<() => void>();
  /** Whether the server has answered with a picture. */
  ready = false;
  watermark: number | null = null;
  /** What the server says instead of data. */
  error: string | undefined;
  /** When the newest news happened, on the server's clock. */
  freshAtMs: number | undefined;
  /** Frames that came merged into others, because this page was slow. */
  merged = 0;

  constructor(rangeMs: number, view: View) {
    this.#rangeMs = rangeMs;
    this.#view = view;
  }

  /** The usual distance of its points. */
  get rhythmMs(): number {
    return rhythmMs(this.buffer.t, this.buffer.t);
  }

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  snapshot({ series, watermark, recovered }: SnapshotMessage): void {
    // A recovered picture may hold the missed points only: it is laid over what is there.
    if (recovered) this.buffer.merge(series);
    else this.buffer.replace(series);
    this.ready = true;
    const { newestMs } = this.buffer;
    if (newestMs !== undefined) this.#freshAt(Math.min(newestMs, this.#view.clockMs()));
    this.#changed(watermark);
  }

  delta({ series, watermark, lag, merged = 0 }: DeltaMessage): void {
    this.merged += merged;
    if (this.buffer.merge(series)) this.#freshAt(this.#view.clockMs() - lag);
    this.#changed(watermark);
  }

  failed({ message }: ErrorMessage): void {
    this.error = message;
    this.#notify();
  }

  #freshAt(ms: number): void {
    this.freshAtMs = Math.max(ms, this.freshAtMs ?? 0);
  }

  #changed(watermark: number | null): void {
    this.watermark = watermark;
    this.error = undefined;
    this.#trim();
    this.#notify();
  }

  /** Keeps a little more than the range: lines enter from beyond the left edge, and a pause must not lose what it shows. */
  #trim(): void {
    const { t } = this.buffer;
    const oldestMs = this.#view.nowMs() - this.#rangeMs * 1.05 - 60_000;
    this.buffer.trim(Math.max(oldestMs, t[t.length - MOST_ROWS] ?? 0));
  }

  #notify(): void {
    for (const listener of this.#listeners) listener();
  }
}

interface Shared {
  series: LiveSeries;
  users: number;
  unsubscribe: () => void;
}

/** Panels that want the same points share one subscription. */
export class LiveSeriesPool {
  readonly #connection: Connection;
  readonly #view: View;
  readonly #onRenewed: () => void;
  readonly #shared = new Map<string, Shared>();

  /** @param onRenewed is told when a series gets another picture than it had, as when its metric was redefined. */
  constructor(connection: Connection, view: View, onRenewed: () => void) {
    this.#connection = connection;
    this.#view = view;
    this.#onRenewed = onRenewed;
  }

  /** Takes a subscription; {@link release} gives it back. */
  acquire(request: SeriesRequest): LiveSeries {
    const key = JSON.stringify(request);
    let shared = this.#shared.get(key);
    if (shared === undefined) {
      shared = this.#open(request);
      this.#shared.set(key, shared);
    }
    shared.users++;
    return shared.series;
  }

  /** The last one to release ends the subscription. */
  release(request: SeriesRequest): void {
    const key = JSON.stringify(request);
    const shared = this.#shared.get(key);
    if (shared === undefined || --shared.users > 0) return;
    shared.unsubscribe();
    this.#shared.delete(key);
  }

  #open(request: SeriesRequest): Shared {
    const series = new LiveSeries(parseDuration(request.range) ?? 900_000, this.#view);
    const unsubscribe = this.#connection.subscribe(request, {
      snapshot: (message) => {
        if (series.ready && !message.recovered) this.#onRenewed();
        series.snapshot(message);
      },
      delta: (message) => series.delta(message),
      error: (message) => series.failed(message),
    });
    return { series, users: 0, unsubscribe };
  }
}
