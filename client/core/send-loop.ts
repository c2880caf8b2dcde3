import { BatchQueue, type Batch, type QueueLimits, type QueueStats } from "./batch-queue.ts";
import type { Outcome } from "./outcome.ts";

/** What the loop needs from where it runs. */
export interface SendPorts {
  nowMs: () => number;
  random: () => number;
  newId: () => string;
  /** Runs `action` after `delayMs`; gives back what cancels it. */
  setTimer: (action: () => void, delayMs: number) => () => void;
  /**
   * Sends the batch. A rejected promise means the same as `{ retryInMs: 0 }`: nobody knows whether it arrived.
   *
   * @param parting the request must outlive the page.
   */
  post: (batch: Batch, parting: boolean) => Promise<Outcome>;
  /** False while there is no point in trying; call {@link SendLoop.flush} when there is one again. */
  online?: () => boolean;
  /** Something was settled, so there is room in the queue. */
  onSettled?: () => void;
}

/** Timers are re-armed at least this often: a longer one overflows, or sleeps through a clock that was set. */
const LONGEST_TIMER_MS = 60_000;

/** Drives a {@link BatchQueue}: one request at a time, each when it is due. */
export class SendLoop {
  readonly #ports: SendPorts;
  readonly #queue: BatchQueue;
  #sending: Promise<boolean> | undefined;
  #cancelTimer: (() => void) | undefined;
  #timerAtMs = 0;
  #stopped = false;

  constructor(limits: QueueLimits, ports: SendPorts) {
    this.#ports = ports;
    this.#queue = new BatchQueue(limits, ports.newId, ports.random);
  }

  /** Queues an event's JSON; undefined counts as dropped. */
  add(json: string | undefined, bytes: number): void {
    if (json === undefined || this.#stopped) return this.#queue.drop();
    this.#queue.push(json, bytes, this.#ports.nowMs());
    this.#schedule();
  }

  /** Sends all that is queued without waiting; over when nothing is left, or at the first failure. */
  async flush(): Promise<void> {
    for (;;) {
      this.#pump(true);
      if (!(await this.#sending)) return;
    }
  }

  /** Sends what fits into `maxBytes` by requests that outlive the page. */
  async part(maxBytes: number): Promise<void> {
    if (this.#ports.online?.() === false) return;
    const batches = this.#queue.part(maxBytes, this.#ports.nowMs());
    await Promise.all(batches.map((batch) => this.#send(batch, true)));
  }

  /** No timer runs after this, and nothing more is taken. A request under way is still answered for. */
  stop(): void {
    this.#stopped = true;
    this.#cancelTimer?.();
  }

  /** Bytes held. */
  get bytes(): number {
    return this.#queue.bytes;
  }

  /** When the loop wants to send next; undefined when it does not. */
  dueAtMs(): number | undefined {
    return this.#queue.dueAtMs(this.#ports.nowMs());
  }

  stats(): QueueStats {
    return this.#queue.stats();
  }

  #pump(hurry: boolean): void {
    this.#disarm();
    if (this.#sending || this.#ports.online?.() === false) return;
    const batch = this.#queue.next(this.#ports.nowMs(), hurry);
    if (!batch) return this.#schedule();
    this.#sending = this.#send(batch, false).finally(() => {
      this.#sending = undefined;
      this.#schedule();
    });
  }

  /** True when the batch is settled. */
  async #send(batch: Batch, parting: boolean): Promise<boolean> {
    const outcome = await this.#ports.post(batch, parting).catch(() => ({ retryInMs: 0 }));
    const settled = "accepted" in outcome;
    if (settled) this.#queue.settle(batch, outcome.accepted);
    else this.#queue.fail(batch, outcome.retryInMs, this.#ports.nowMs());
    this.#ports.onSettled?.();
    this.#schedule();
    return settled;
  }

  #schedule(): void {
    const dueAtMs = this.dueAtMs();
    if (dueAtMs === undefined || this.#stopped || this.#ports.online?.() === false) return;
    if (this.#cancelTimer && this.#timerAtMs <= dueAtMs) return;
    this.#disarm();
    this.#timerAtMs = dueAtMs;
    const delayMs = Math.min(Math.max(0, dueAtMs - this.#ports.nowMs()), LONGEST_TIMER_MS);
    this.#cancelTimer = this.#ports.setTimer(() => this.#pump(false), delayMs);
  }

  #disarm(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
  }
}
