import type { WindowStore } from "./storage/window-store.ts";

/** Marks a watcher that is a window object; the others are hubs. A project's name holds no colon. */
const OBJECT = "window:";

/** Who watches a metric: a hub, or for a share of a split metric the object that reads it as one. */
export type Watcher = string;

/** The name of a window object as a watcher. */
export function objectWatcher(name: string): Watcher {
  return `${OBJECT}${name}`;
}

/** The name of the window object that a watcher is; undefined: it is a hub. */
export function watchingObject(watcher: Watcher): string | undefined {
  return watcher.startsWith(OBJECT) ? watcher.slice(OBJECT.length) : undefined;
}

/** Who watches which metrics and views, as it stands on disk. */
export class WatcherList {
  readonly #store: WindowStore;
  readonly #byMetric = new Map<string, Set<Watcher>>();

  constructor(store: WindowStore) {
    this.#store = store;
    for (const { hub, metric } of store.watchers()) this.#note(hub, metric);
  }

  /** Names of what is watched. */
  get names(): Iterable<string> {
    return this.#byMetric.keys();
  }

  get isEmpty(): boolean {
    return this.#byMetric.size === 0;
  }

  has(metric: string): boolean {
    return this.#byMetric.has(metric);
  }

  of(metric: string): ReadonlySet<Watcher> {
    return this.#byMetric.get(metric) ?? new Set();
  }

  add(watcher: Watcher, metric: string): void {
    if (!this.of(metric).has(watcher)) this.#store.addWatcher(watcher, metric);
    this.#note(watcher, metric);
  }

  remove(watcher: Watcher, metric: string): void {
    const watchers = this.#byMetric.get(metric);
    if (watchers?.delete(watcher)) this.#store.removeWatcher(watcher, metric);
    if (watchers?.size === 0) this.#byMetric.delete(metric);
  }

  #note(watcher: Watcher, metric: string): void {
    const watchers = this.#byMetric.get(metric) ?? new Set();
    watchers.add(watcher);
    this.#byMetric.set(metric, watchers);
  }
}
