/** The bounds of a {@link BatchQueue}. Bytes are those of the events' JSON in UTF-8. */
export interface QueueLimits {
  maxBatchEvents: number;
  maxBatchBytes: number;
  /** Bytes of all events held, sent ones without an answer included. */
  maxQueueBytes: number;
  /** How long the oldest event waits for others before its batch goes. */
  lingerMs: number;
  retryBaseMs: number;
  retryCapMs: number;
  /**
   * A batch is given up this long after it first went. It must be shorter than the server's dedup window (1 h):
   * a later retry of a batch whose answer was lost would be counted twice.
   */
  giveUpMs: number;
}

/** Events that travel together. The id and the events stay the same however often it is sent. */
export interface Batch {
  readonly id: string;
  /** Each event's JSON. */
  readonly events: readonly string[];
  readonly bytes: number;
}

/** Every event pushed is in exactly one of the others: `tracked = queued + accepted + rejected + dropped`. */
export interface QueueStats {
  tracked: number;
  /** Waiting, or sent and not answered yet. */
  queued: number;
  accepted: number;
  /** Refused by the server, singly or with their whole batch. */
  rejected: number;
  /** Given up here: the queue was full, the event too large, or its batch retried for too long. */
  dropped: number;
  /** Sends that failed and were or will be repeated. */
  retries: number;
}

/** Longest wait that a `Retry-After` may impose: past it, a mistaken header would silence a client for good. */
const LONGEST_WAIT_MS = 600_000;

interface SentBatch extends Batch {
  firstSentMs: number;
  /** Requests under way: two, when a page that goes away sends again what had no answer yet. */
  flying: number;
  parting: boolean;
}

/**
 * Gathers events into batches and decides what is sent when; it sends nothing itself. A caller takes a batch with
 * {@link next} or {@link part} and reports each taken one exactly once, by {@link settle} or {@link fail}.
 */
export class BatchQueue {
  readonly #limits: QueueLimits;
  readonly #newId: () => string;
  readonly #random: () => number;
  #waiting: { json: string; bytes: number }[] = [];
  #waitingBytes = 0;
  #oldestMs = 0;
  #sent: SentBatch[] = [];
  #sentBytes = 0;
  #flying = 0;
  #failures = 0;
  #retryAtMs = 0;
  #notBeforeMs = 0;
  #tracked = 0;
  #accepted = 0;
  #rejected = 0;
  #dropped = 0;
  #retries = 0;

  /** @param random uniform in [0, 1); `newId` gives ids that never repeat. */
  constructor(limits: QueueLimits, newId: () => string, random: () => number) {
    this.#limits = limits;
    this.#newId = newId;
    this.#random = random;
  }

  /** Bytes held: what `maxQueueBytes` bounds. */
  get bytes(): number {
    return this.#waitingBytes + this.#sentBytes;
  }

  /**
   * Adds an event's JSON of `bytes` bytes. When the queue is full the oldest waiting events make room: a chart
   * wants the newest. A batch that was sent is never robbed, as the server may have it already.
   */
  push(json: string, bytes: number, nowMs: number): void {
    const size = bytes + 1; // its comma
    this.#tracked++;
    if (size > this.#limits.maxBatchBytes) return void this.#dropped++;
    if (this.#waiting.length === 0) this.#oldestMs = nowMs;
    this.#waiting.push({ json, bytes: size });
    this.#waitingBytes += size;
    let excess = 0;
    while (this.bytes > this.#limits.maxQueueBytes) {
      const oldest = this.#waiting[excess++];
      if (!oldest) break;
      this.#waitingBytes -= oldest.bytes;
    }
    this.#dropped += excess;
    if (excess > 0) this.#waiting.splice(0, excess);
  }

  /** Counts an event that could not even be written as JSON. */
  drop(): void {
    this.#tracked++;
    this.#dropped++;
  }

  /** When {@link next} has something to send; undefined while a request is under way or nothing is queued. */
  dueAtMs(nowMs: number): number | undefined {
    this.#followClock(nowMs);
    if (this.#flying > 0) return undefined;
    if (this.#sent.length > 0 || this.#isFull()) return this.#retryAtMs;
    if (this.#waiting.length === 0) return undefined;
    return Math.max(this.#retryAtMs, this.#oldestMs + this.#limits.lingerMs);
  }

  /**
   * The batch to send now, if any: the one that failed before all others.
   *
   * @param hurry does not wait for more events or for the end of a backoff, only for what a server imposed.
   */
  next(nowMs: number, hurry = false): Batch | undefined {
    const dueAtMs = this.dueAtMs(nowMs);
    if (dueAtMs === undefined || nowMs < (hurry ? this.#notBeforeMs : dueAtMs)) return undefined;
    const batch = this.#sent[0] ?? this.#form(this.#limits.maxBatchBytes, nowMs);
    return batch && this.#launch(batch);
  }

  /**
   * What to send when this may be the last chance: batches of at most `maxBytes` in all, those without an answer
   * first, once more under their old ids (the server ignores what it has).
   */
  part(maxBytes: number, nowMs: number): Batch[] {
    this.#followClock(nowMs);
    if (nowMs < this.#notBeforeMs) return [];
    const batches: Batch[] = [];
    let room = maxBytes;
    for (const batch of this.#sent) {
      if (batch.parting) room -= batch.bytes;
      else if (batch.bytes <= room) {
        room -= batch.bytes;
        batch.parting = true;
        batches.push(this.#launch(batch));
      }
    }
    for (;;) {
      const batch = this.#form(room, nowMs);
      if (!batch) return batches;
      room -= batch.bytes;
      batch.parting = true;
      batches.push(this.#launch(batch));
    }
  }

  /** The server answered for good: it took `accepted` of the batch's events and refused the others. */
  settle(batch: Batch, accepted: number): void {
    const sent = this.#land(batch);
    if (!sent) return;
    this.#forget(sent);
    this.#accepted += accepted;
    this.#rejected += sent.events.length - accepted;
    this.#failures = this.#retryAtMs = this.#notBeforeMs = 0;
  }

  /** The batch did not arrive, or nobody knows; the server may have asked not to come back before `waitMs`. */
  fail(batch: Batch, waitMs: number, nowMs: number): void {
    const sent = this.#land(batch);
    if (!sent) return;
    sent.parting = false;
    if (sent.flying > 0) return;
    const { retryBaseMs, retryCapMs } = this.#limits;
    const backoffMs = Math.min(retryCapMs, retryBaseMs * 2 ** this.#failures++);
    this.#notBeforeMs = nowMs + Math.min(waitMs, LONGEST_WAIT_MS);
    // Full jitter: clients that failed together must not come back together.
    this.#retryAtMs = this.#notBeforeMs + this.#random() * backoffMs;
    this.#retries++;
  }

  stats(): QueueStats {
    const settled = this.#accepted + this.#rejected + this.#dropped;
    return {
      tracked: this.#tracked,
      queued: this.#tracked - settled,
      accepted: this.#accepted,
      rejected: this.#rejected,
      dropped: this.#dropped,
      retries: this.#retries,
    };
  }

  #followClock(nowMs: number): void {
    // A clock that was set back must not leave the queue waiting until it catches up.
    this.#oldestMs = Math.min(this.#oldestMs, nowMs);
    this.#retryAtMs = Math.min(this.#retryAtMs, nowMs + LONGEST_WAIT_MS + this.#limits.retryCapMs);
    this.#notBeforeMs = Math.min(this.#notBeforeMs, this.#retryAtMs);
    // Here and not where a send fails: a laptop may have slept since.
    for (const batch of this.#sent) {
      if (batch.flying > 0 || nowMs - batch.firstSentMs < this.#limits.giveUpMs) continue;
      this.#forget(batch);
      this.#dropped += batch.events.length;
    }
  }

  #isFull(): boolean {
    const { maxBatchEvents, maxBatchBytes } = this.#limits;
    return this.#waiting.length >= maxBatchEvents || this.#waitingBytes >= maxBatchBytes;
  }

  #form(maxBytes: number, nowMs: number): SentBatch | undefined {
    const { maxBatchEvents, maxBatchBytes } = this.#limits;
    const most = Math.min(maxBytes, maxBatchBytes);
    let bytes = 0;
    let count = 0;
    for (const event of this.#waiting) {
      if (count >= maxBatchEvents || bytes + event.bytes > most) break;
      bytes += event.bytes;
      count++;
    }
    if (count === 0) return undefined;
    const events = this.#waiting.splice(0, count).map((event) => event.json);
    this.#waitingBytes -= bytes;
    this.#oldestMs = nowMs;
    const batch = { id: this.#newId(), events, bytes, firstSentMs: nowMs, flying: 0, parting: false };
    this.#sent.push(batch);
    this.#sentBytes += bytes;
    return batch;
  }

  #launch(batch: SentBatch): SentBatch {
    batch.flying++;
    this.#flying++;
    return batch;
  }

  /** One request of the batch is over. Undefined when another one has settled it: the first answer counts. */
  #land(batch: Batch): SentBatch | undefined {
    this.#flying--;
    const sent = this.#sent.find((candidate) => candidate === batch);
    if (sent) sent.flying--;
    return sent;
  }

  #forget(batch: SentBatch): void {
    this.#sent = this.#sent.filter((candidate) => candidate !== batch);
    this.#sentBytes -= batch.bytes;
  }
}
