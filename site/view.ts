import { Store } from "./store.ts";

/** A skew below this is the Date header's own coarseness and the way it came. */
const IGNORED_SKEW_MS = 1_500;

/** The time that the page shows: the server's, as it passes, or where somebody has paused it. */
export class View {
  /** When the page was paused, on the server's clock, or undefined while it is live. */
  readonly pausedAtMs = new Store<number | undefined>(undefined);
  readonly #localMs: () => number;
  #offsetMs = 0;

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

  /** Learns the server's clock from a Date header that was received between two local times. */
  calibrate(date: string | null, sentMs: number, receivedMs: number): void {
    const serverMs = date === null ? Number.NaN : Date.parse(date);
    if (Number.isNaN(serverMs)) return;
    // The header is cut to whole seconds: on average it is half a second behind.
    const skewMs = serverMs + 500 - (sentMs + receivedMs) / 2;
    this.#offsetMs = Math.abs(skewMs) < IGNORED_SKEW_MS ? 0 : skewMs;
  }

  togglePaused(): void {
    this.pausedAtMs.set(this.pausedAtMs.value === undefined ? this.clockMs() : undefined);
  }
}
