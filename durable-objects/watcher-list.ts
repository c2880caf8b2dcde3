import type { MetricWindows } from "./engine/metric-windows.ts";
import type { WindowSet } from "./engine/window-set.ts";
import type { LiveHub } from "./live-hub.ts";
import type { WindowStore } from "./storage/window-store.ts";

/** Changed points of one metric, on their way to a hub. */
export interface LiveFrame {
  metric: string;
  /** Rises by one with each frame of this metric. */
  sequence: number;
  /** JSON of the members of a delta after `id`. */
  body: string;
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
      if (this.#hubsByMetric.has(windows.compiled.metric.name)) windows.redraw();
      else windows.discardChanges();
    }
  }

  /** Adds a watcher and returns the metric's cursor: frames after it are what a snapshot taken now lacks. */
  add(hub: string, windows: MetricWindows): string {
    const { name } = windows.compiled.metric;
    if (!this.#hubsByMetric.has(name)) windows.markDrawn(this.#options.set.liveEdge(Date.now()));
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
    const { set } = this.#options;
    const nowMs = Date.now();
    for (const windows of set.metrics()) {
      const { name } = windows.compiled.metric;
      if (!this.#hubsByMetric.has(name)) {
        windows.discardChanges();
        continue;
      }
      const series = windows.changes(set.liveEdge(nowMs));
      if (series.length === 0) continue;
      const sequence = (this.#sequences.get(name) ?? 0) + 1;
      this.#sequences.set(name, sequence);
      const watermark = set.watermarkOf(windows.compiled);
      const members = JSON.stringify({
        cursor: this.#cursor(name),
        series,
        watermark: watermark < 0 ? null : watermark,
        lag: Math.max(0, nowMs - Math.min(nowMs, this.#oldestReceivedMs)),
      });
      const frames = this.#drawn.get(name) ?? [];
      frames.push({ metric: name, sequence, body: members.slice(1, -1) });
      this.#drawn.set(name, frames);
    }
    this.#oldestReceivedMs = Number.POSITIVE_INFINITY;
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
