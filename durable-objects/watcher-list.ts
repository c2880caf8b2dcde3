import type { MetricWindows } from "./engine/metric-windows.ts";
import type { WindowSet } from "./engine/window-set.ts";
import type { LiveHub } from "./live-hub.ts";
import type { WindowStore } from "./storage/window-store.ts";

/** Changed points of one metric, on their way to a hub. */
export interface LiveFrame {
  metric: string;
  /** Rises by one with each frame of this metric. */
  sequence: number;
  /** JSON of the members of a delta after `id`; absent: the metric has ended, or has become another. */
  body?: string;
}

interface WatcherListOptions {
  store: WindowStore;
  set: WindowSet;
  tickMs: number;
  hub: (name: string) => DurableObjectStub<LiveHub>;
  keepAlive: (task: Promise<void>) => void;
}

/** Which hubs watch which metrics, and the pushing of changes to them, one call a hub and tick. */
export class WatcherList {
  readonly #options: WatcherListOptions;
  readonly #hubsByMetric = new Map<string, Set<string>>();
  readonly #sequences = new Map<string, number>();
  /** Tells frames of this life of the object from those of another. */
  readonly #epoch = crypto.randomUUID().slice(0, 8);
  readonly #drawn = new Map<string, LiveFrame[]>();
  #oldestReceivedMs = Number.POSITIVE_INFINITY;
  #pushedMs = 0;
  #pushDue = false;

  constructor(options: WatcherListOptions) {
    this.#options = options;
    for (const { hub, metric } of options.store.watchers()) this.#note(hub, metric);
    for (const windows of options.set.metrics()) {
      if (this.#hubsByMetric.has(windows.compiled.metric.name)) windows.retell();
      else windows.discardChanges();
    }
  }

  /** Adds a watcher and returns the metric's cursor: frames after it are what a snapshot taken now lacks. */
  add(hub: string, windows: MetricWindows): string {
    const { name } = windows.compiled.metric;
    if (!this.#hubsByMetric.has(name)) windows.markTold();
    if (!this.#hubsByMetric.get(name)?.has(hub)) this.#options.store.addWatcher(hub, name);
    this.#note(hub, name);
    return this.#cursor(name);
  }

  remove(hub: string, metric: string): void {
    const hubs = this.#hubsByMetric.get(metric);
    if (hubs?.delete(hub)) this.#options.store.removeWatcher(hub, metric);
    if (hubs?.size === 0) this.#hubsByMetric.delete(metric);
  }

  /** Something changed, by events of which the oldest was received at `receivedMs`. */
  changed(receivedMs: number, nowMs: number): void {
    if (this.#hubsByMetric.size === 0) {
      for (const windows of this.#options.set.metrics()) windows.discardChanges();
      return;
    }
    this.#oldestReceivedMs = Math.min(this.#oldestReceivedMs, receivedMs);
    if (this.#pushDue) return;
    this.#pushDue = true;
    setTimeout(() => this.#push(), Math.max(0, this.#pushedMs + this.#options.tickMs - nowMs));
  }

  /** Turns what changed into frames, before the windows hand their sealed points over. */
  draw(): void {
    const nowMs = Date.now();
    for (const windows of this.#options.set.metrics()) this.#draw(windows, nowMs);
    this.#oldestReceivedMs = Number.POSITIVE_INFINITY;
  }

  /** The last points of a metric that has ended or been redefined, and the word that it has. */
  ended(windows: MetricWindows): void {
    const { name } = windows.compiled.metric;
    if (!this.#hubsByMetric.has(name)) return;
    const nowMs = Date.now();
    this.#draw(windows, nowMs);
    this.#add({ metric: name, sequence: this.#nextSequence(name) });
    // What takes its name from now on is told from its beginning.
    this.#options.set.metric(name)?.retell();
    this.changed(nowMs, nowMs);
  }

  #draw(windows: MetricWindows, nowMs: number): void {
    const { name } = windows.compiled.metric;
    if (!this.#hubsByMetric.has(name)) {
      windows.discardChanges();
      return;
    }
    const series = windows.changes();
    if (series.length === 0) return;
    const sequence = this.#nextSequence(name);
    const watermark = this.#options.set.watermarkOf(windows.compiled);
    const members = JSON.stringify({
      cursor: this.#cursor(name),
      series,
      watermark: watermark < 0 ? null : watermark,
      lag: Math.max(0, nowMs - Math.min(nowMs, this.#oldestReceivedMs)),
    });
    this.#add({ metric: name, sequence, body: members.slice(1, -1) });
  }

  #nextSequence(metric: string): number {
    const sequence = (this.#sequences.get(metric) ?? 0) + 1;
    this.#sequences.set(metric, sequence);
    return sequence;
  }

  #add(frame: LiveFrame): void {
    const frames = this.#drawn.get(frame.metric) ?? [];
    frames.push(frame);
    this.#drawn.set(frame.metric, frames);
  }

  #push(): void {
    this.#pushDue = false;
    this.#pushedMs = Date.now();
    this.draw();
    const framesByHub = new Map<string, LiveFrame[]>();
    for (const [metric, frames] of this.#drawn) {
      for (const hub of this.#hubsByMetric.get(metric) ?? []) {
        framesByHub.set(hub, [...(framesByHub.get(hub) ?? []), ...frames]);
      }
    }
    this.#drawn.clear();
    for (const [hub, frames] of framesByHub) this.#options.keepAlive(this.#deliver(hub, frames));
  }

  async #deliver(hub: string, frames: LiveFrame[]): Promise<void> {
    try {
      const unwatched = await this.#options.hub(hub).deliver(frames);
      for (const metric of unwatched) this.remove(hub, metric);
    } catch {
      // The hub was reset with its sockets: its clients come back and take a new snapshot.
    }
  }

  #note(hub: string, metric: string): void {
    const hubs = this.#hubsByMetric.get(metric) ?? new Set();
    hubs.add(hub);
    this.#hubsByMetric.set(metric, hubs);
  }

  #cursor(metric: string): string {
    return `${this.#epoch}.${this.#sequences.get(metric) ?? 0}`;
  }
}
