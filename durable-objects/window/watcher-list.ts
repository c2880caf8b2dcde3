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

/** Where a list outlives its object's memory. */
export interface WatcherStore {
  watchers(): { hub: string; metric: string }[];
  addWatcher(hub: string, metric: string): void;
  removeWatcher(hub: string, metric: string): void;
}

/** Who watches which metrics and views, as it stands on disk. */
export class WatcherList {
  readonly #store: WatcherStore;
  /** Watchers of each metric, with the number of the call in which each last asked for it. */
  readonly #byMetric = new Map<string, Map<Watcher, number>>();
  #calls = 0;

  constructor(store: WatcherStore) {
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

  of(metric: string): Iterable<Watcher> {
    return this.#byMetric.get(metric)?.keys() ?? [];
  }

  /** Every watcher once. */
  get all(): ReadonlySet<Watcher> {
    return new Set([...this.#byMetric.values()].flatMap((watchers) => [...watchers.keys()]));
  }

  /** Whether `watcher` watches `metric`. */
  includes(watcher: Watcher, metric: string): boolean {
    return this.#byMetric.get(metric)?.has(watcher) === true;
  }

  /** How often somebody has asked to watch so far: see {@link removeAsOf}. */
  get calls(): number {
    return this.#calls;
  }

  add(watcher: Watcher, metric: string): void {
    if (!this.includes(watcher, metric)) this.#store.addWatcher(watcher, metric);
    this.#note(watcher, metric);
  }

  /** Takes a watcher's word that it watches no more, unless it has asked again after `calls` calls: the word is older then. */
  removeAsOf(calls: number, watcher: Watcher, metric: string): void {
    const watchers = this.#byMetric.get(metric);
    if ((watchers?.get(watcher) ?? Number.POSITIVE_INFINITY) > calls) return;
    watchers?.delete(watcher);
    this.#store.removeWatcher(watcher, metric);
    if (watchers?.size === 0) this.#byMetric.delete(metric);
  }

  #note(watcher: Watcher, metric: string): void {
    const watchers = this.#byMetric.get(metric) ?? new Map<Watcher, number>();
    watchers.set(watcher, ++this.#calls);
    this.#byMetric.set(metric, watchers);
  }
}
