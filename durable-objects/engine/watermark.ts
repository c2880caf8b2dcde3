/** What is known of one partition. All in epoch ms; -1 where nothing is known. */
interface PartitionClock {
  /** Greatest event time seen, never ahead of the clock at which it was seen. */
  maxTs: number;
  /** When its last events were applied. */
  appliedMs: number;
  /** When its reader last stood at the end of the log, with all it had read applied. */
  caughtUpMs: number;
}

/**
 * Event time of one project over all partitions of the log.
 *
 * A partition counts as idle only on its reader's word: that it stood at the end of the log, with nothing new,
 * `idleMs` after its last events. Silence alone proves nothing: the reader may be down with a backlog before it,
 * and events that were accepted in time would be late. An idle partition's time is that of its reader's word.
 */
export class Watermark {
  readonly #idleMs: number;
  readonly #clocks: PartitionClock[];

  constructor(partitions: number, idleMs: number, clocks: readonly number[][] = []) {
    this.#idleMs = idleMs;
    this.#clocks = Array.from({ length: partitions }, (_, p) => {
      const [maxTs = -1, appliedMs = -1, caughtUpMs = -1] = clocks[p] ?? [];
      return { maxTs, appliedMs, caughtUpMs };
    });
  }

  /** Takes a range of events. A time ahead of the clock counts as the clock's: no sender sets the pace. */
  applied(partition: number, maxTs: number, nowMs: number): void {
    const clock = this.#clocks[partition];
    if (clock === undefined) return;
    clock.maxTs = Math.max(clock.maxTs, Math.min(maxTs, nowMs));
    clock.appliedMs = Math.max(clock.appliedMs, nowMs);
  }

  /** Takes a reader's word that it stood at the end of the log at `caughtUpMs`. */
  caughtUp(partition: number, caughtUpMs: number): void {
    const clock = this.#clocks[partition];
    if (clock !== undefined) clock.caughtUpMs = Math.max(clock.caughtUpMs, caughtUpMs);
  }

  /** Takes what another object of the project knows of time. */
  learn(clocks: readonly number[][]): void {
    for (const [p, clock] of this.#clocks.entries()) {
      const [maxTs = -1, appliedMs = -1, caughtUpMs = -1] = clocks[p] ?? [];
      clock.maxTs = Math.max(clock.maxTs, maxTs);
      clock.appliedMs = Math.max(clock.appliedMs, appliedMs);
      clock.caughtUpMs = Math.max(clock.caughtUpMs, caughtUpMs);
    }
  }

  /** Event time up to which all is thought to have come, before any metric's delay; -1 while unknown. */
  get time(): number {
    let least = Number.POSITIVE_INFINITY;
    for (const clock of this.#clocks) {
      least = Math.min(least, this.#isIdle(clock) ? Math.max(clock.maxTs, clock.caughtUpMs) : clock.maxTs);
    }
    return least;
  }

  /** Greatest event time seen on any partition; -1 before the first. */
  get maxTs(): number {
    return Math.max(-1, ...this.#clocks.map((clock) => clock.maxTs));
  }

  /** Partitions that have been silent for so long that their readers' word could move event time. */
  partitionsToAsk(nowMs: number): number[] {
    const silent: number[] = [];
    for (const [partition, clock] of this.#clocks.entries()) {
      if (nowMs - clock.appliedMs >= this.#idleMs) silent.push(partition);
    }
    return silent;
  }

  /** The state for the constructor. */
  encode(): number[][] {
    return this.#clocks.map(({ maxTs, appliedMs, caughtUpMs }) => [maxTs, appliedMs, caughtUpMs]);
  }

  #isIdle(clock: PartitionClock): boolean {
    return (
      clock.caughtUpMs >= 0 && (clock.appliedMs < 0 || clock.caughtUpMs - clock.appliedMs >= this.#idleMs)
    );
  }
}
