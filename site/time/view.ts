import { Store } from "../store.ts";
import { boundedRange, EARLIEST_MS, isFixed, type FixedRange, type TimeRange } from "./time-range.ts";

/** The time that the page shows: the server's, as it passes, where somebody has paused it, or a span of the past. */
export class View {
  /** When the page was paused, on the server's clock, or undefined while it is not. */
  readonly pausedAtMs = new Store<number | undefined>(undefined);
  /** The range that somebody chose; undefined: each panel has its own. */
  readonly range = new Store<TimeRange | undefined>(undefined);
  /** How far back live pictures reach. What is older is asked for. */
  liveRetentionMs = Number.POSITIVE_INFINITY;
  readonly #localMs: () => number;
  #offsetMs = 0;
  /** What to go back to from a fixed range. */
  #followed: TimeRange | undefined;

  constructor(localMs: () => number) {
    this.#localMs = localMs;
  }

  /** The server's clock. */
  clockMs(): number {
    return this.#localMs() + this.#offsetMs;
  }

  /** The time to draw. */
  nowMs(): number {
    return this.pausedAtMs.value ?? this.clockMs();
  }

  /** Whether the charts move with the time. */
  get isFollowing(): boolean {
    return this.pausedAtMs.value === undefined && !isFixed(this.range.value);
  }

  /** Learns the server's clock from a Date header that was received between two local times. */
  calibrate(date: string | null, sentMs: number, receivedMs: number): void {
    const serverMs = date === null ? Number.NaN : Date.parse(date);
    if (Number.isNaN(serverMs)) return;
    // It was written between the two, and is cut to whole seconds: what may be right stays, the local clock too.
    const least = serverMs - receivedMs;
    const most = serverMs + 1_000 - sentMs;
    const held = [this.#offsetMs, 0].find((offsetMs) => least <= offsetMs && offsetMs <= most);
    this.#offsetMs = held ?? (least + most) / 2;
  }

  /** Holds the time, or lets it go on; a span of the past is left for now. */
  togglePaused(): void {
    if (!this.isFollowing) this.follow();
    else this.pausedAtMs.set(this.clockMs());
  }

  /** Chooses a range, within bounds. A fixed one stops following; one that ends in the future is cut there. */
  choose(range: TimeRange | undefined): void {
    const chosen = range && boundedRange(range, this.clockMs());
    if (!isFixed(chosen)) {
      this.#followed = chosen;
      this.pausedAtMs.set(undefined);
    }
    this.range.set(chosen);
  }

  /** Moves a fixed range as a whole, no further than its bounds. */
  pan({ fromMs, toMs }: FixedRange): void {
    const byMs = Math.min(0, this.clockMs() - toMs) || Math.max(0, EARLIEST_MS - fromMs);
    this.choose({ fromMs: fromMs + byMs, toMs: toMs + byMs });
  }

  /** Back to now. */
  follow(): void {
    this.pausedAtMs.set(undefined);
    this.range.set(this.#followed);
  }
}
