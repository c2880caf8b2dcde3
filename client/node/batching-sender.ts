import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { constants, gzip } from "node:zlib";
import type { Event } from "../../protocol/event.ts";
import type { Batch, QueueLimits, QueueStats } from "../core/batch-queue.ts";
import { readOutcome, type Outcome } from "../core/outcome.ts";
import { SendLoop } from "../core/send-loop.ts";
import { below } from "./address.ts";
import { reasonOf } from "./fetch-reason.ts";

const gzipped = promisify(gzip);

export interface SenderOptions {
  /** The origin that serves Freshet. */
  url: string;
  /** A write key. */
  key: string;
  limits?: Partial<QueueLimits>;
  /**
   * The server's clock is ours, as on one machine: no time of sending is sent, which after a stall of some seconds the
   * server would take for a clock that is wrong, and correct.
   */
  sameClock?: boolean;
  /** How long an answer may take. */
  timeoutMs?: number;
  /** Told in a sentence what is wrong, and that it is over; not once more for each retry. */
  onProblem?: (message: string) => void;
}

const LIMITS: QueueLimits = {
  maxBatchEvents: 2_000,
  maxBatchBytes: 256 * 1024,
  maxQueueBytes: 16 * 1024 * 1024,
  lingerMs: 200,
  retryBaseMs: 500,
  retryCapMs: 30_000,
  giveUpMs: 3_000_000,
};

/** Below this, gzip costs more than it saves: the request's headers are as long. */
const GZIP_FROM_BYTES = 1024;

/** Sends events in batches, one request at a time, each repeated under the same id until it is answered. */
export class BatchingSender {
  readonly #options: SenderOptions;
  readonly #limits: QueueLimits;
  readonly #loop: SendLoop;
  #waitingForRoom: (() => void)[] = [];
  #abort: (() => void) | undefined;
  #problem = "";

  constructor(options: SenderOptions) {
    this.#options = options;
    this.#limits = { ...LIMITS, ...options.limits };
    this.#loop = new SendLoop(this.#limits, {
      nowMs: Date.now,
      random: Math.random,
      newId: randomUUID,
      setTimer: (action, delayMs) => {
        const timer = setTimeout(action, delayMs);
        return () => clearTimeout(timer);
      },
      post: (batch) => this.#post(batch),
      onSettled: () => this.#wake(),
    });
  }

  /** Queues an event; one that is not JSON is counted as dropped. The server checks its fields. */
  send(event: Event | Record<string, unknown>): void {
    const json = encode(event);
    this.#loop.add(json, json === undefined ? 0 : Buffer.byteLength(json));
  }

  /** Counts something that could not become an event as dropped. */
  drop(): void {
    this.#loop.add(undefined, 0);
  }

  /** Resolves when the queue is less than half full, or on abort: a source that can wait never loses an event. */
  async room(signal?: AbortSignal): Promise<void> {
    if (!this.#isCrowded() || signal?.aborted) return;
    const wake = () => this.#wake();
    signal?.addEventListener("abort", wake);
    await new Promise<void>((resolve) => this.#waitingForRoom.push(resolve));
    signal?.removeEventListener("abort", wake);
    return this.room(signal);
  }

  /** Sends all that is queued without waiting; over when nothing is left, or at the first failure. */
  flush(): Promise<void> {
    return this.#loop.flush();
  }

  /** Sends what is left, retries included, for at most `graceMs`, then stops. */
  async close(graceMs = 5_000): Promise<void> {
    const deadlineMs = Date.now() + graceMs;
    const alarm = setTimeout(() => this.#abort?.(), graceMs);
    await this.flush();
    for (;;) {
      const dueAtMs = this.#loop.dueAtMs();
      if (dueAtMs === undefined || dueAtMs >= deadlineMs) break;
      await sleep(Math.max(1, dueAtMs - Date.now()));
      await this.flush();
    }
    clearTimeout(alarm);
    this.#loop.stop();
  }

  stats(): QueueStats {
    return this.#loop.stats();
  }

  async #post(batch: Batch): Promise<Outcome> {
    const timeoutMs = this.#options.timeoutMs ?? 30_000;
    const controller = new AbortController();
    this.#abort = () => controller.abort(new Error("closing"));
    const timer = setTimeout(() => controller.abort(new Error(`no answer in ${timeoutMs} ms`)), timeoutMs);
    try {
      const body = await bodyOf(batch);
      const response = await fetch(below(this.#options.url, "/v1/events"), {
        method: "POST",
        body,
        headers: this.#headers(batch),
        signal: controller.signal,
      });
      const text = await response.text();
      const outcome = readOutcome(
        response.status,
        response.headers.get("retry-after"),
        text,
        batch.events.length,
        Date.now(),
      );
      this.#report(problemOf(response.status, text, outcome, batch.events.length));
      return outcome;
    } catch (error) {
      this.#report(`${this.#options.url} does not answer: ${reasonOf(error)}; trying again`);
      return { retryInMs: 0 };
    } finally {
      clearTimeout(timer);
      this.#abort = undefined;
    }
  }

  #headers(batch: Batch): Record<string, string> {
    return {
      authorization: `Bearer ${this.#options.key}`,
      "content-type": "application/x-ndjson",
      "idempotency-key": batch.id,
      // When this attempt leaves, not when the first one did: the server takes the difference for clock skew.
      ...(!this.#options.sameClock && { "sent-at": String(Date.now()) }),
      ...(isLarge(batch) && { "content-encoding": "gzip" }),
    };
  }

  #report(problem: string): void {
    if (problem === this.#problem) return;
    this.#problem = problem;
    this.#options.onProblem?.(problem || "events arrive again");
  }

  #isCrowded(): boolean {
    return this.#loop.bytes * 2 > this.#limits.maxQueueBytes;
  }

  #wake(): void {
    const waiting = this.#waitingForRoom;
    this.#waitingForRoom = [];
    for (const resolve of waiting) resolve();
  }
}

function encode(event: object): string | undefined {
  try {
    return JSON.stringify(event);
  } catch {
    return undefined;
  }
}

async function bodyOf(batch: Batch): Promise<string | Buffer<ArrayBuffer>> {
  const text = batch.events.join("\n");
  return isLarge(batch) ? gzipped(text, { level: constants.Z_BEST_SPEED }) : text;
}

function isLarge(batch: Batch): boolean {
  return batch.bytes >= GZIP_FROM_BYTES;
}

function problemOf(status: number, body: string, outcome: Outcome, count: number): string {
  const said = body.slice(0, 300);
  if ("retryInMs" in outcome) return `the server answers ${status}: ${said}; trying again`;
  if (outcome.accepted === count) return "";
  return `the server refused events (${status}): ${said}`;
}
