import { POINT_STATE, type Group, type QueryAnswer, type TierSpan } from "../../protocol/series.ts";
import type { PanelSeries } from "./panel-series.ts";
import { rhythmMs, SeriesBuffer } from "./series.ts";

/** What one query asks for. */
export interface PastRequest {
  metric: string;
  groups?: Group[];
  fromMs: number;
  toMs: number;
  /** Absent: what suits the span. */
  stepMs?: number;
}

/** Answers a request; rejects with the server's sentence. */
export type RunQuery = (request: PastRequest, signal: AbortSignal) => Promise<QueryAnswer>;

/** The points of `GET /v1/query`, for what is too long ago or too long for a subscription. */
export class PastSeries implements PanelSeries {
  readonly buffer = new SeriesBuffer();
  readonly watermark = null;
  readonly merged = 0;
  readonly #run: RunQuery;
  readonly #listeners = new Set<() => void>();
  #running: AbortController | undefined;
  ready = false;
  /** Whether it has an answer in which no window is open: one that changes no more, but for late events. */
  settled = false;
  error: string | undefined;
  freshAtMs: number | undefined;
  /** Which stores answered. */
  tiers: readonly TierSpan[] = [];

  constructor(run: RunQuery) {
    this.#run = run;
  }

  /** Whether it waits for an answer. */
  get asking(): boolean {
    return this.#running !== undefined;
  }

  get rhythmMs(): number {
    return rhythmMs(this.buffer.t, this.buffer.t);
  }

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Asks, in place of what it may be asking now. */
  async load(request: PastRequest): Promise<void> {
    this.cancel();
    const running = new AbortController();
    this.#running = running;
    try {
      const answer = await this.#run(request, running.signal);
      if (!running.signal.aborted) this.#take(answer);
    } catch (error) {
      if (!running.signal.aborted) this.error = error instanceof Error ? error.message : String(error);
    }
    if (running.signal.aborted) return;
    this.#running = undefined;
    for (const listener of this.#listeners) listener();
  }

  /** Gives up what it is asking. */
  cancel(): void {
    this.#running?.abort();
  }

  #take({ series, tiers }: QueryAnswer): void {
    this.buffer.replace(series);
    this.tiers = tiers;
    this.error = undefined;
    this.ready = true;
    this.settled = !series.some(({ s }) => s.includes(POINT_STATE.provisional));
    this.freshAtMs = this.buffer.newestMs;
  }
}

/** The address of a query. */
export function queryPath({ metric, groups = [], fromMs, toMs, stepMs }: PastRequest): string {
  const params = new URLSearchParams({
    metric,
    from: String(fromMs),
    to: String(toMs),
  });
  if (stepMs !== undefined) params.set("step", String(stepMs));
  for (const group of groups) params.append("group", JSON.stringify(group));
  return `/v1/query?${params}`;
}
