import type { Watcher, WatcherList } from "../window/watcher-list.ts";
import type { LiveFrame } from "./live-frame.ts";

/** Frames that wait for a watcher that is slow; beyond that it is told to take a new snapshot. */
const MOST_WAITING = 256;
const RETRY_FIRST_MS = 250;
const RETRY_MOST_MS = 30_000;

interface OutboxOptions {
  watchers: WatcherList;
  /** Hands over frames. Resolves to the metrics among them that the watcher watches no more. */
  deliver: (watcher: Watcher, frames: LiveFrame[]) => Promise<string[]>;
  keepAlive: (task: Promise<void>) => void;
}

/**
 * Hands frames to watchers: to each in order, one call at a time, so that a slow one holds up no other. A call that fails may
 * have come or not: the watcher is told then that what follows does not go on from what it has.
 */
export class WatcherOutbox {
  readonly #options: OutboxOptions;
  /** Frames that wait for each watcher that is being served. */
  readonly #waiting = new Map<Watcher, LiveFrame[]>();
  readonly #busy = new Set<Watcher>();
  readonly #served = new Map<Watcher, Promise<void>>();

  constructor(options: OutboxOptions) {
    this.#options = options;
  }

  /** @returns a promise that resolves once nothing waits for the watcher any more. */
  send(watcher: Watcher, frames: readonly LiveFrame[]): Promise<void> {
    const waiting = this.#waiting.get(watcher) ?? [];
    waiting.push(...frames);
    if (waiting.length > MOST_WAITING) waiting.splice(0, waiting.length, ...broken(waiting));
    this.#waiting.set(watcher, waiting);
    if (!this.#busy.has(watcher)) {
      this.#busy.add(watcher);
      const served = this.#serve(watcher);
      this.#served.set(watcher, served);
      this.#options.keepAlive(served);
    }
    return this.#served.get(watcher) ?? Promise.resolve();
  }

  async #serve(watcher: Watcher): Promise<void> {
    const { watchers } = this.#options;
    for (let failures = 0; ;) {
      const frames = (this.#waiting.get(watcher) ?? []).filter(({ metric }) =>
        watchers.includes(watcher, metric),
      );
      this.#waiting.delete(watcher);
      if (frames.length === 0) break;
      const { calls } = watchers;
      try {
        const unwatched = await this.#options.deliver(watcher, frames);
        for (const metric of unwatched) watchers.removeAsOf(calls, watcher, metric);
        failures = 0;
      } catch {
        this.#waiting.set(watcher, broken([...frames, ...(this.#waiting.get(watcher) ?? [])]));
        await waitMs(Math.min(RETRY_MOST_MS, RETRY_FIRST_MS * 2 ** failures++));
      }
    }
    this.#busy.delete(watcher);
  }
}

/** In place of frames that are lost, or may be: of each metric the word that there is no going on from before them. */
function broken(frames: readonly LiveFrame[]): LiveFrame[] {
  const last = new Map(frames.map(({ metric, position }) => [metric, position]));
  return Array.from(last, ([metric, position]) => ({ metric, position }));
}

function waitMs(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
