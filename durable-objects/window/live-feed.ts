import type { Series } from "../../protocol/series.ts";
import { inputsOf } from "../../protocol/view.ts";
import { type ChangedPoints, DerivedChanges } from "./derived-changes.ts";
import type { MetricWindows } from "../engine/metric-windows.ts";
import type { WindowSet } from "../engine/window-set.ts";
import type { LiveHub } from "../live-hub.ts";
import { ClosedEnds } from "../live/closed-ends.ts";
import type { LiveFrame, Position } from "../live/live-frame.ts";
import { WatcherOutbox } from "../live/watcher-outbox.ts";
import type { MetricReader } from "./metric-reader.ts";
import { TooManyPointsError } from "./reading-errors.ts";
import type { MetricWindow } from "../metric-window.ts";
import { type Watcher, type WatcherList, watchingObject } from "./watcher-list.ts";

interface LiveFeedOptions {
  objectName: string;
  watchers: WatcherList;
  reader: MetricReader;
  set: WindowSet;
  tickMs: number;
  /** Begins this life of the object on disk, and gives its number. */
  beginLife: () => number;
  hub: (name: string) => DurableObjectStub<LiveHub>;
  object: (name: string) => DurableObjectStub<MetricWindow>;
  keepAlive: (task: Promise<void>) => void;
}

const RETRY_DERIVING_MS = 1_000;

/**
 * Pushes what changes to whoever watches it, one call a watcher and tick. What is derived, split metrics and views, is
 * read anew where something that it is made of has changed.
 *
 * Frames of a metric are numbered within a life of the object. What an earlier life had not told, or whether it arrived, is not
 * known: each life begins with the word that nothing goes on from before it.
 */
export class LiveFeed {
  readonly #options: LiveFeedOptions;
  readonly #outbox: WatcherOutbox;
  readonly #sequences = new Map<string, number>();
  /** How often a metric did not go on: by the word that was given, or because nobody had watched it. */
  readonly #breaks = new Map<string, number>();
  readonly #drawn = new Map<string, LiveFrame[]>();
  readonly #derived = new DerivedChanges();
  /** The lives of the objects that split metrics are told by, as far as they are known here. */
  readonly #shareLives = new Map<string, number>();
  readonly #closed = new ClosedEnds();
  #knownLife: number | undefined;
  #oldestReceivedMs = Number.POSITIVE_INFINITY;
  #pushedMs = 0;
  #pushDue = false;
  #isDeriving = false;

  constructor(options: LiveFeedOptions) {
    this.#options = options;
    const { watchers, hub, object, keepAlive, objectName } = options;
    this.#outbox = new WatcherOutbox({
      watchers,
      keepAlive,
      deliver: (watcher, frames) => {
        const watching = watchingObject(watcher);
        return watching === undefined
          ? hub(watcher).deliver(frames)
          : object(watching).deliver(objectName, frames);
      },
    });
    this.redefined();
    for (const watched of watchers.names) this.#addBreak(watched);
    if (!watchers.isEmpty) this.changed(Date.now(), Date.now());
  }

  /** Adds a watcher and returns where the metric stands: frames after it are what a snapshot taken from now on may lack. */
  watch(watcher: Watcher, name: string): Position {
    const { set, watchers } = this.#options;
    const inputs = this.#inputsOf(name);
    const own = inputs.filter((metric) => !this.#isWanted(metric));
    // While nobody watched it, changes had no number: positions of before are not to look like the present one, and
    // what was read before is not to be told after the snapshot that is taken now.
    if (!watchers.has(name)) {
      this.#nextSequence(name);
      this.#noteBreak(name);
    }
    watchers.add(watcher, name);
    for (const metric of own) set.metric(metric)?.markTold();
    for (const metric of inputs) set.metric(metric)?.pictureGiven();
    return this.#position(name);
  }

  /** Notes the life that a share of a split metric is told in, as the share itself says. */
  watchingShare(share: string, metric: string, { life }: Position): void {
    const known = this.#shareLives.get(`${share} ${metric}`);
    if (known !== undefined && known >= life) return;
    this.#shareLives.set(`${share} ${metric}`, life);
    if (known !== undefined) this.broken(metric);
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
  relay(share: string, frames: readonly LiveFrame[]): string[] {
    const unwatched = new Set<string>();
    const nowMs = Date.now();
    for (const { metric, position, delta } of frames) {
      const known = this.#shareLives.get(`${share} ${metric}`) ?? 0;
      if (!this.#isWanted(metric)) {
        unwatched.add(metric);
      } else if (position.life > known || (delta === undefined && position.life === known)) {
        this.#shareLives.set(`${share} ${metric}`, position.life);
        this.broken(metric);
      } else if (position.life === known && delta !== undefined) {
        const series = JSON.parse(delta.series) as Series[];
        this.#note(metric, series);
        if (!this.#derived.note(metric, series)) this.broken(metric);
        this.changed(nowMs - delta.lag, nowMs);
      }
    }
    return [...unwatched];
  }

  /** The last points of a metric that has ended or been redefined, and the word that it has. */
  ended(windows: MetricWindows): void {
    const { name } = windows.compiled.metric;
    if (!this.#isWanted(name)) return;
    this.#draw(windows, Date.now());
    this.broken(name);
  }

  /**
   * Metrics have come, or views been pointed to others: what is wanted, be it under a name that somebody has watched all along, is
   * told from now on.
   */
  redefined(): void {
    for (const windows of this.#options.set.metrics()) {
      if (!windows.isWatched && this.#isWanted(windows.compiled.metric.name)) windows.markTold();
    }
  }

  /** The word that a metric or view does not go on from what it was, and neither does any view of it. */
  broken(name: string): void {
    for (const watched of this.#options.watchers.names) {
      if (watched === name || this.#inputsOf(watched).includes(name)) this.#addBreak(watched);
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
      const keys = this.#options.reader.metricOf(watched)?.groupBy.length ?? 0;
      let isNoted = this.#derived.note(watched, series, { keys });
      // What was before is compared with what is now: a late event changes the view at both.
      if (view.type === "change") {
        const later = { keys, laterMs: view.agoMs, untilMs: Date.now() };
        isNoted = this.#derived.note(watched, series, later) && isNoted;
      }
      if (!isNoted) this.broken(watched);
    }
  }

  /** A watcher is given a snapshot as of `watermark`. */
  snapshotTaken(name: string, watermark: number | null): void {
    const { reader } = this.#options;
    const metric = reader.metricOf(name);
    if (metric === undefined || watermark === null || reader.view(name)?.type !== "change") return;
    this.#closed.told(name, metric, watermark);
  }

  /** Views change where windows close, too: what has no point then was nothing, and is so for good where they are sealed. */
  #noteClosed(name: string, watermark: number | null): void {
    const metric = this.#options.reader.metricOf(name);
    if (metric === undefined || watermark === null) return;
    const ends = this.#closed.moved(name, metric, watermark);
    // A snapshot says all of it.
    if (ends === undefined) this.broken(name);
    else this.#derived.noteEnds(name, ends);
  }

  #noteClosedViews(): void {
    const { reader, set, watchers } = this.#options;
    for (const watched of watchers.names) {
      const view = reader.view(watched);
      const windows = view?.type === "change" ? set.metric(view.metric) : undefined;
      if (windows !== undefined) this.#noteClosed(watched, set.watermarkOf(windows.compiled));
    }
  }

  #addDelta(metric: string, series: Series[], watermark: number | null, lagMs: number): void {
    const after = this.#position(metric).sequence;
    const lag = Number.isFinite(lagMs) ? Math.max(0, lagMs) : 0;
    this.#nextSequence(metric);
    const delta = { after, series: JSON.stringify(series), watermark, lag };
    this.#add({ metric, position: this.#position(metric), delta });
  }

  #addBreak(metric: string): void {
    this.#noteBreak(metric);
    this.#nextSequence(metric);
    this.#add({ metric, position: this.#position(metric) });
  }

  #noteBreak(metric: string): void {
    this.#breaks.set(metric, (this.#breaks.get(metric) ?? 0) + 1);
  }

  #push(): void {
    this.#pushDue = false;
    this.#pushedMs = Date.now();
    const oldestReceivedMs = this.#oldestReceivedMs;
    this.draw();
    this.#send();
    this.#noteClosedViews();
    if (!this.#derived.isEmpty && !this.#isDeriving) this.#options.keepAlive(this.#derive(oldestReceivedMs));
  }

  /** One after the other, so that frames of one metric keep their order. */
  async #derive(oldestReceivedMs: number): Promise<void> {
    this.#isDeriving = true;
    while (!this.#derived.isEmpty) {
      for (const [name, changed] of this.#derived.take()) {
        try {
          await this.#deriveOne(name, changed, oldestReceivedMs);
        } catch (error) {
          // Its watchers are told why by the snapshot that they ask for.
          if (error instanceof TooManyPointsError) {
            this.broken(name);
            continue;
          }
          // An object that shares a metric is away. Its changes are read when it is back.
          this.#noteAgain(name, changed);
          await new Promise((resolve) => {
            setTimeout(resolve, RETRY_DERIVING_MS);
          });
        }
      }
      this.#send();
    }
    this.#isDeriving = false;
  }

  async #deriveOne(name: string, changed: ChangedPoints, oldestReceivedMs: number): Promise<void> {
    const { reader, watchers } = this.#options;
    const stepMs = reader.metricOf(name)?.window.everyMs;
    if (stepMs === undefined || !watchers.has(name)) return;
    const breaks = this.#breaks.get(name);
    const reading = await reader.read(name, { ...changed.span, stepMs });
    if (reading === undefined) return;
    // What was read may be of the metric as it was before.
    if (breaks !== this.#breaks.get(name)) return this.#noteAgain(name, changed);
    if (reader.view(name)?.type === "change") this.#noteClosed(name, reading.watermark);
    const series = changed.of(reading.series);
    if (series.length > 0) this.#addDelta(name, series, reading.watermark, Date.now() - oldestReceivedMs);
  }

  #noteAgain(name: string, changed: ChangedPoints): void {
    if (!this.#derived.noteAgain(name, changed)) this.broken(name);
  }

  #send(): void {
    const framesByWatcher = new Map<Watcher, LiveFrame[]>();
    for (const [metric, frames] of this.#drawn) {
      for (const watcher of this.#options.watchers.of(metric)) {
        framesByWatcher.set(watcher, [...(framesByWatcher.get(watcher) ?? []), ...frames]);
      }
    }
    this.#drawn.clear();
    for (const [watcher, frames] of framesByWatcher) void this.#outbox.send(watcher, frames);
  }

  /** Whether somebody watches the metric itself, or a view of it. */
  #isWanted(metric: string): boolean {
    const { watchers } = this.#options;
    if (watchers.has(metric)) return true;
    for (const watched of watchers.names) if (this.#inputsOf(watched).includes(metric)) return true;
    return false;
  }

  /** The metrics whose changes make up those of `name`. */
  #inputsOf(name: string): string[] {
    const view = this.#options.reader.view(name);
    return view === undefined ? [name] : inputsOf(view);
  }

  #nextSequence(metric: string): void {
    this.#sequences.set(metric, this.#position(metric).sequence + 1);
  }

  #add(frame: LiveFrame): void {
    const frames = this.#drawn.get(frame.metric) ?? [];
    frames.push(frame);
    this.#drawn.set(frame.metric, frames);
  }

  #position(metric: string): Position {
    this.#knownLife ??= this.#options.beginLife();
    return { life: this.#knownLife, sequence: this.#sequences.get(metric) ?? 0 };
  }
}
