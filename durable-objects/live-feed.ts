import type { DeltaMessage } from "../protocol/live.ts";
import type { Series } from "../protocol/series.ts";
import { inputsOf } from "../protocol/view.ts";
import type { MetricWindows } from "./engine/metric-windows.ts";
import type { WindowSet } from "./engine/window-set.ts";
import { DerivedChanges } from "./derived-changes.ts";
import type { LiveHub } from "./live-hub.ts";
import type { MetricReader } from "./metric-reader.ts";
import type { MetricWindow } from "./metric-window.ts";
import { type Watcher, type WatcherList, watchingObject } from "./watcher-list.ts";

/** Changed points of one metric, on their way to whoever watches it. */
export interface LiveFrame {
  metric: string;
  /** Rises by one with each frame of this metric. */
  sequence: number;
  /** JSON of the members of a delta after `id`; absent: the metric has ended, or has become another. */
  body?: string;
}

interface LiveFeedOptions {
  watchers: WatcherList;
  reader: MetricReader;
  set: WindowSet;
  tickMs: number;
  hub: (name: string) => DurableObjectStub<LiveHub>;
  object: (name: string) => DurableObjectStub<MetricWindow>;
  keepAlive: (task: Promise<void>) => void;
}

/**
 * Pushes what changes to whoever watches it, one call a watcher and tick. What is derived, split metrics and views, is
 * read anew where something that it is made of has changed.
 */
export class LiveFeed {
  readonly #options: LiveFeedOptions;
  readonly #sequences = new Map<string, number>();
  /** Tells frames of this life of the object from those of another. */
  readonly #epoch = crypto.randomUUID().slice(0, 8);
  readonly #drawn = new Map<string, LiveFrame[]>();
  readonly #derived = new DerivedChanges();
  #oldestReceivedMs = Number.POSITIVE_INFINITY;
  #pushedMs = 0;
  #pushDue = false;
  #isDeriving = false;

  constructor(options: LiveFeedOptions) {
    this.#options = options;
    for (const windows of options.set.metrics()) {
      if (this.#isWanted(windows.compiled.metric.name)) windows.retell();
    }
  }

  /** Adds a watcher and returns the metric's cursor: frames after it are what a snapshot taken now may lack. */
  watch(watcher: Watcher, name: string): string {
    const { set, watchers } = this.#options;
    const own = this.#ownMetricsOf(name).filter((metric) => !this.#isWanted(metric));
    watchers.add(watcher, name);
    for (const metric of own) set.metric(metric)?.markTold();
    return this.#cursor(name);
  }

  unwatch(watcher: Watcher, name: string): void {
    this.#options.watchers.remove(watcher, name);
  }

  /** Something changed, by events of which the oldest was received at `receivedMs`. */
  changed(receivedMs: number, nowMs: number): void {
    if (this.#options.watchers.isEmpty && this.#drawn.size === 0) return;
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

  /**
   * Takes what has changed of a share of a split metric.
   *
   * @returns the metrics that nobody watches any more.
   */
  relay(frames: readonly LiveFrame[]): string[] {
    const unwatched = new Set<string>();
    const nowMs = Date.now();
    for (const { metric, body } of frames) {
      if (!this.#isWanted(metric)) {
        unwatched.add(metric);
      } else if (body !== undefined) {
        const { series, lag } = JSON.parse(`{${body}}`) as Pick<DeltaMessage, "series" | "lag">;
        this.#note(metric, series);
        this.#derived.note(metric, series);
        this.changed(nowMs - lag, nowMs);
      }
    }
    return [...unwatched];
  }

  /** The last points of a metric that has ended or been redefined, and the word that it has. */
  ended(windows: MetricWindows): void {
    const { name } = windows.compiled.metric;
    if (!this.#isWanted(name)) return;
    this.#draw(windows, Date.now());
    // What takes its name from now on is told from its beginning.
    this.#options.set.metric(name)?.retell();
    this.endedByName(name);
  }

  /** The word that a metric or view has ended or become another, and so has every view of it. */
  endedByName(name: string): void {
    const { watchers, reader } = this.#options;
    for (const watched of watchers.names) {
      const view = reader.view(watched);
      if (watched !== name && (view === undefined || !inputsOf(view).includes(name))) continue;
      this.#add({ metric: watched, sequence: this.#nextSequence(watched) });
    }
    this.changed(Date.now(), Date.now());
  }

  #draw(windows: MetricWindows, nowMs: number): void {
    const { name } = windows.compiled.metric;
    if (!this.#isWanted(name)) {
      windows.discardChanges();
      return;
    }
    const series = windows.changes();
    if (series.length === 0) return;
    this.#note(name, series);
    if (!this.#options.watchers.has(name)) return;
    const watermark = this.#options.set.watermarkOf(windows.compiled);
    this.#addDelta(name, series, watermark < 0 ? null : watermark, nowMs - this.#oldestReceivedMs);
  }

  /** Views of a metric change where it does. */
  #note(metric: string, series: readonly Series[]): void {
    for (const watched of this.#options.watchers.names) {
      const view = this.#options.reader.view(watched);
      if (view === undefined || !inputsOf(view).includes(metric)) continue;
      this.#derived.note(watched, series);
      // What was before is compared with what is now: a late event changes the view at both.
      if (view.type === "change") this.#derived.note(watched, series, view.agoMs, Date.now());
    }
  }

  #addDelta(metric: string, series: Series[], watermark: number | null, lagMs: number): void {
    const sequence = this.#nextSequence(metric);
    const lag = Number.isFinite(lagMs) ? Math.max(0, lagMs) : 0;
    const members = JSON.stringify({ cursor: this.#cursor(metric), series, watermark, lag });
    this.#add({ metric, sequence, body: members.slice(1, -1) });
  }

  #push(): void {
    this.#pushDue = false;
    this.#pushedMs = Date.now();
    const oldestReceivedMs = this.#oldestReceivedMs;
    this.draw();
    this.#send();
    if (!this.#derived.isEmpty && !this.#isDeriving) this.#options.keepAlive(this.#derive(oldestReceivedMs));
  }

  /** One after the other, so that frames of one metric keep their order. */
  async #derive(oldestReceivedMs: number): Promise<void> {
    const { reader } = this.#options;
    this.#isDeriving = true;
    try {
      for (const [name, ends] of this.#derived.take()) {
        const stepMs = reader.metricOf(name)?.window.everyMs;
        if (stepMs === undefined || !this.#options.watchers.has(name)) continue;
        const span = { fromMs: Math.min(...ends), toMs: Math.max(...ends), stepMs };
        const reading = await reader.read(name, span);
        if (reading === undefined) continue;
        const series = onlyEnds(reading.series, ends);
        if (series.length > 0) this.#addDelta(name, series, reading.watermark, Date.now() - oldestReceivedMs);
      }
    } catch {
      // An object that shares a metric is away; its changes come when it is back.
    } finally {
      this.#isDeriving = false;
      this.#send();
    }
  }

  #send(): void {
    const framesByWatcher = new Map<Watcher, LiveFrame[]>();
    for (const [metric, frames] of this.#drawn) {
      for (const watcher of this.#options.watchers.of(metric)) {
        framesByWatcher.set(watcher, [...(framesByWatcher.get(watcher) ?? []), ...frames]);
      }
    }
    this.#drawn.clear();
    for (const [watcher, frames] of framesByWatcher) this.#options.keepAlive(this.#deliver(watcher, frames));
  }

  async #deliver(watcher: Watcher, frames: LiveFrame[]): Promise<void> {
    const object = watchingObject(watcher);
    try {
      const unwatched =
        object === undefined
          ? await this.#options.hub(watcher).deliver(frames)
          : await this.#options.object(object).deliver(frames);
      for (const metric of unwatched) this.unwatch(watcher, metric);
    } catch {
      // The hub was reset with its sockets: its clients come back and take a new snapshot.
    }
  }

  /** Whether somebody watches the metric itself, or a view of it. */
  #isWanted(metric: string): boolean {
    const { watchers, reader } = this.#options;
    if (watchers.has(metric)) return true;
    for (const watched of watchers.names) {
      const view = reader.view(watched);
      if (view !== undefined && inputsOf(view).includes(metric)) return true;
    }
    return false;
  }

  /** The metrics whose changes make up those of `name`. */
  #ownMetricsOf(name: string): string[] {
    const view = this.#options.reader.view(name);
    return view === undefined ? [name] : inputsOf(view);
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

  #cursor(metric: string): string {
    return `${this.#epoch}.${this.#sequences.get(metric) ?? 0}`;
  }
}

/** The points at some ends only. */
function onlyEnds(all: readonly Series[], ends: ReadonlySet<number>): Series[] {
  return all
    .map(({ group, t, v, s, e }) => {
      const kept = [...t.keys()].filter((i) => ends.has(t[i] ?? Number.NaN));
      const pick = <T>(column: readonly T[]) => kept.flatMap((i) => column.slice(i, i + 1));
      return { group, t: pick(t), v: pick(v), s: pick(s), ...(e === undefined ? {} : { e: pick(e) }) };
    })
    .filter(({ t }) => t.length > 0);
}
