import type { HotSeries } from "../engine/hot-series.ts";
import type { HotWriteSettings } from "../settings.ts";
import { encodeWriteRequest, outcomeOf, REMOTE_WRITE_HEADERS, type WriteOutcome } from "./remote-write.ts";

const WRITE_TIMEOUT_MS = 30_000;
const PROBE_TIMEOUT_MS = 10_000;
/** When the process started, as VictoriaMetrics and Prometheus tell it of themselves. */
const START_TIME = /^process_start_time_seconds(?:\{[^}]*\})? (\S+)$/m;

/** What a store says of itself: when it started, epoch seconds; undefined: it does not tell. */
export type StoreLife = { reached: true; startedS?: number } | { reached: false; reason: string };

/** A time-series database that takes Prometheus remote write. */
export class HotStoreClient {
  readonly #writeUrl: string;
  readonly #probeUrl: string;
  readonly #headers: Record<string, string>;

  constructor({ writeUrl, token }: HotWriteSettings) {
    this.#writeUrl = writeUrl;
    this.#probeUrl = new URL("/metrics", writeUrl).href;
    this.#headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
  }

  async write(series: readonly HotSeries[]): Promise<WriteOutcome> {
    try {
      const response = await fetch(this.#writeUrl, {
        method: "POST",
        headers: { ...REMOTE_WRITE_HEADERS, ...this.#headers },
        body: encodeWriteRequest(series),
        // A redirected POST would become a GET.
        redirect: "manual",
        signal: AbortSignal.timeout(WRITE_TIMEOUT_MS),
      });
      await response.body?.cancel();
      return outcomeOf(response.status, response.headers.get("retry-after"), Date.now());
    } catch (error) {
      return { type: "failed", reason: reasonOf(error), retryAfterMs: 0 };
    }
  }

  /** Asks when the store began to live: one that crashed may have lost what it had acknowledged in the seconds before. */
  async life(): Promise<StoreLife> {
    try {
      const response = await fetch(this.#probeUrl, {
        headers: this.#headers,
        signal: AbortSignal.timeout(PROBE_TIMEOUT_MS),
      });
      const text = await response.text();
      if (response.status === 429 || response.status >= 500) {
        return { reached: false, reason: `status_${response.status}` };
      }
      const startedS = Number(START_TIME.exec(text)?.[1] ?? Number.NaN);
      return Number.isFinite(startedS) ? { reached: true, startedS } : { reached: true };
    } catch (error) {
      return { reached: false, reason: reasonOf(error) };
    }
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error && error.name === "TimeoutError" ? "timeout" : "unreachable";
}
