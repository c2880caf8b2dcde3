import { DurableObject } from "cloudflare:workers";
import type { WindowSpec } from "../protocol/window-spec.ts";
import { askReader } from "./window/ask-reader.ts";
import type { Replacement, ReplaceOutcome } from "./backfill/replacement.ts";
import type { ProjectAlerts } from "./catalog/catalog-alerts.ts";
import type { Definitions } from "./catalog/definitions.ts";
import type { DefinedMetric } from "./engine/compiled-metric.ts";
import type { RangePartial } from "./engine/partials.ts";
import { matchesGroups } from "./engine/group-key.ts";
import { metricsOf, projectOf } from "./engine/placement.ts";
import type { WindowSet } from "./engine/window-set.ts";
import { catalogOf, type Env, settingsOf } from "./env.ts";
import { type HotSender, type HotStats, openHotSender } from "./window/hot-sender.ts";
import type { LiveFrame, Position } from "./live/live-frame.ts";
import { LiveFeed } from "./window/live-feed.ts";
import { MetricReader, type Reading, type Span } from "./window/metric-reader.ts";
import { mergeStandings, type MetricStanding } from "./window/metric-standing.ts";
import { type MetricStats, sumStats } from "./window/metric-stats.ts";
import { PointKeeper, type PointOutboxStats } from "./window/point-keeper.ts";
import { QueryPlanner, windowSpanOf } from "./window/query-planner.ts";
import { refusalOf } from "./window/reading-errors.ts";
import {
  latestSpan,
  type QueryOutcome,
  unknownMetric,
  type WindowAnswer,
  type WindowQuery,
} from "./window/window-query.ts";
import { changedElsewhere } from "./catalog/changed-definitions.ts";
import { beginLife } from "./storage/object-life.ts";
import { WindowStore } from "./storage/window-store.ts";
import { objectWatcher, WatcherList } from "./window/watcher-list.ts";
import {
  type AlertsOfObject,
  type AlertsQuestion,
  type AlertStats,
  WindowAlerts,
} from "./alerts/window-alerts.ts";
import { WindowSteps } from "./window/window-steps.ts";

/**
 * The windows of one project (its name). Readers send it partial aggregates; it answers queries and pushes changed
 * points to the hubs that watch.
 */
export class MetricWindow extends DurableObject<Env> {
  readonly #name: string;
  readonly #store: WindowStore;
  readonly #set: WindowSet;
  readonly #reader: MetricReader;
  readonly #feed: LiveFeed;
  readonly #hot: HotSender | undefined;
  readonly #alerts: WindowAlerts;
  readonly #keeper: PointKeeper;
  readonly #planner: QueryPlanner;
  readonly #steps: WindowSteps;
  #definitions: Definitions;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#name = ctx.id.name ?? "";
    const settings = settingsOf(env);
    const keepAlive = (task: Promise<void>): void => ctx.waitUntil(task);
    const wakeBy = (dueMs: number): void => this.#steps.wakeBy(dueMs);
    this.#store = new WindowStore(ctx.storage);
    this.#alerts = new WindowAlerts({
      objectName: this.#name,
      storage: ctx.storage,
      allowPrivateWebhooks: settings.allowPrivateWebhooks,
      definitions: () => this.#definitions,
      stored: (metric, fromMs, toMs) => [...this.#store.points.rows.read(metric, fromMs, toMs)],
      fetchAlerts: (project) => catalogOf(env).alertsOf(project) as Promise<ProjectAlerts>,
      keepAlive,
      wakeBy,
    });
    const { set, definitions } = this.#store.load(this.#name, settings, (set, definitions) => {
      this.#definitions = definitions;
      this.#alerts.begin(set);
    });
    this.#alerts.replayed();
    this.#set = set;
    this.#definitions = definitions;
    const object = (name: string) => env.METRIC_WINDOW.getByName(name);
    this.#reader = new MetricReader({
      objectName: this.#name,
      set,
      store: this.#store,
      definitions: () => this.#definitions,
      object,
      keeper: () => this.#keeper,
    });
    this.#feed = new LiveFeed({
      objectName: this.#name,
      beginLife: () => beginLife(ctx.storage, Date.now()),
      watchers: new WatcherList(this.#store),
      reader: this.#reader,
      set,
      tickMs: settings.liveTickMs,
      hub: (name) => env.LIVE_HUB.getByName(name),
      object,
      keepAlive,
    });
    this.#hot = openHotSender(ctx, settings, set, this.#store.points, wakeBy);
    this.#keeper = new PointKeeper({
      storage: ctx.storage,
      points: this.#store.points,
      set,
      settings,
      definitions: () => this.#definitions,
      hot: this.#hot,
      archiver: env.ARCHIVE && env.POINT_ARCHIVER.getByName(this.#name),
      keepAlive,
      wakeBy,
    });
    this.#planner = new QueryPlanner({
      objectName: this.#name,
      reader: this.#reader,
      definitions: () => this.#definitions,
      coverageOf: (object_, metric) =>
        object_ === this.#name ? this.coverage(metric) : this.#object(object_).coverage(metric),
    });
    this.#steps = new WindowSteps({
      ctx,
      idlePartitionMs: settings.idlePartitionMs,
      definitions: () => this.#definitions,
      askReader: (partition) => askReader(env, partition),
      set,
      store: this.#store,
      feed: this.#feed,
      alerts: this.#alerts,
      keeper: this.#keeper,
      hot: this.#hot,
    });
  }

  /** The last offset of a partition that is applied; -1: none. */
  appliedOffset(partition: number): number {
    return this.#set.appliedOffset(partition);
  }

  /**
   * Takes a reader's {@link RangePartial} as JSON, if it begins where the last one ended and was folded with the
   * definitions in force: so each definition's first offset is known.
   *
   * @returns the last offset that is applied, and durable: the range's own, or the one that it should begin after.
   */
  async apply(text: string): Promise<number> {
    const partial = JSON.parse(text) as RangePartial;
    if (partial.version > this.#definitions.version) await this.#refresh();
    const applied = this.#set.appliedOffset(partial.partition);
    if (partial.after !== applied || partial.version < this.#definitions.version) return applied;
    await this.#steps.apply(partial, text);
    return partial.to;
  }

  /** Answers a query, or says where its points are. */
  async query(query: WindowQuery): Promise<QueryOutcome> {
    if ((await this.#windowOf(query.metric)) === undefined) return unknownMetric(query.metric);
    const planned = await this.#planner.plan(query);
    if ("ok" in planned) return planned;
    const span = windowSpanOf(planned);
    if (span === undefined) return { ok: true, plan: JSON.stringify(planned) };
    const { groups } = query;
    return this.#answer(query.metric, groups === undefined ? span : { ...span, groups }, ({ series }) => ({
      metric: query.metric,
      series: series.filter(({ group }) => matchesGroups(group, groups)),
      tiers: planned.tiers,
      ...(planned.nextMs === undefined ? {} : { next: planned.nextMs }),
    }));
  }

  /** JSON of the series that the window objects have of a metric: a part of a {@link StitchPlan}. */
  async readSeries(metric: string, span: Span): Promise<WindowAnswer> {
    return this.#answer(metric, span, ({ series }) => series);
  }

  /** JSON of what is made of a reading, or why there is none. */
  async #answer(metric: string, span: Span, of: (reading: Reading) => object): Promise<WindowAnswer> {
    try {
      const reading = await this.#reader.read(metric, span);
      return reading === undefined ? unknownMetric(metric) : { ok: true, body: JSON.stringify(of(reading)) };
    } catch (error) {
      const refusal = refusalOf(error);
      // It may be the definition that has moved.
      if (refusal.reason === "moved") await this.#refresh();
      return refusal;
    }
  }

  /** JSON of what this object, and its stores, have of one of its metrics; undefined: it has no such metric. */
  async coverage(metric: string): Promise<string | undefined> {
    if (this.#set.metric(metric) === undefined) await this.#refresh();
    const windows = this.#set.metric(metric);
    return windows && JSON.stringify(this.#keeper.coverage(windows, Date.now()));
  }

  /**
   * JSON of where a metric stands here, a {@link Sealing}, for who computes its windows up to `untilMs` anew; undefined: it
   * is not here, or of another revision.
   */
  async sealing(metric: string, revision: number, untilMs: number): Promise<string | undefined> {
    await this.#refreshFor(metric, revision);
    const windows = this.#set.metric(metric);
    if (windows?.compiled.revision !== revision) return undefined;
    // While no window waits for it, nobody else asks what time it is.
    if (windows.sealedEnd < untilMs) await this.#steps.askReaders(this.#set.silentPartitions(Date.now()));
    return JSON.stringify(this.#keeper.sealing(windows));
  }

  /**
   * Puts points that were computed anew in the place of sealed ones: all of them, durably, or none.
   *
   * @param text JSON of a {@link Replacement}.
   */
  async replacePoints(text: string): Promise<ReplaceOutcome> {
    const replacement = JSON.parse(text) as Replacement;
    const { metric, revision } = replacement;
    await this.#refreshFor(metric, revision);
    const windows = this.#set.metric(metric);
    if (windows?.compiled.revision !== revision) return { type: "ended" };
    // Points that are sealed and not written yet are on their way, too.
    if (windows.sealedPoints > 0) this.#steps.checkpoint();
    const reason = this.#keeper.laterThan(windows, replacement);
    if (reason !== undefined) return { type: "later", reason };
    this.#steps.checkpoint(replacement);
    this.#keeper.replaced(replacement);
    // Of what was sealed no change is told: whoever shows it needs a new picture.
    if (this.#keeper.isShownLive(windows.compiled.metric, replacement.untilMs, Date.now()))
      this.#feed.broken(metric);
    return { type: "replaced" };
  }

  /** JSON of the project's metrics, a list of `Metric`; views are none. */
  async metrics(): Promise<string> {
    if (this.#definitions.version < 0) await this.#refresh();
    return JSON.stringify(this.#definitions.metrics.map(({ metric }) => metric));
  }

  /**
   * The last `rangeMs` of a metric for a hub, which from then on gets its changes.
   *
   * @returns JSON of a `WatchedSnapshot`.
   */
  async watch(hub: string, metric: string, rangeMs: number): Promise<WindowAnswer> {
    const window = await this.#windowOf(metric);
    if (window === undefined) return unknownMetric(metric);
    const span = latestSpan(rangeMs, window, Date.now());
    if ("ok" in span) return span;
    // Changes are told from before the points are read: one that is told twice does no harm.
    const position = this.#feed.watch(hub, metric);
    await Promise.all(this.#reader.sharesOf(metric).map((share) => this.#watchShare(share)));
    return this.#answer(metric, span, (reading) => {
      this.#feed.snapshotTaken(metric, reading.watermark);
      return { position, ...reading };
    });
  }

  async #watchShare({ metric, object }: { metric: string; object: string }): Promise<void> {
    const position = await this.#object(object).watchShare(this.#name, metric);
    this.#feed.watchingShare(object, metric, position);
  }

  /** What this object has of a split metric: JSON of a `ShareReading` or `Refusal`, undefined if it is not one of its objects. */
  async readShare(metric: string, span: Span): Promise<string | undefined> {
    const wanted = span.revisions?.[metric] ?? this.#set.metric(metric)?.compiled.revision ?? -1;
    await this.#refreshFor(metric, wanted);
    try {
      const share = this.#reader.readShare(metric, span);
      return share && JSON.stringify(share);
    } catch (error) {
      return JSON.stringify(refusalOf(error));
    }
  }

  /** JSON of `KeptPoints`, or of a `Refusal`: what the archive does not have yet of a step. */
  async keptPoints(definedText: string, afterMs: number, untilMs: number): Promise<string> {
    const defined = JSON.parse(definedText) as DefinedMetric;
    const { metric, revision } = defined;
    await this.#refreshFor(metric.name, revision);
    // What is sealed belongs to it as well, written or not.
    if ((this.#set.metric(metric.name)?.sealedPoints ?? 0) > 0) this.#steps.checkpoint();
    try {
      return JSON.stringify(this.#reader.keptPoints(defined, afterMs, untilMs));
    } catch (error) {
      return JSON.stringify(refusalOf(error));
    }
  }

  /** From now on the object that reads the metric as one is told what changes of this share. Returns from where on. */
  async watchShare(object: string, metric: string): Promise<Position> {
    if (this.#set.metric(metric) === undefined) await this.#refresh();
    return this.#feed.watch(objectWatcher(object), metric);
  }

  /** Takes changes of a share of split metrics; returns the metrics that nobody watches. */
  deliver(share: string, frames: LiveFrame[]): string[] {
    return this.#feed.relay(share, frames);
  }

  /** The catalog says that definitions have changed. */
  async redefine(): Promise<void> {
    await this.#refresh();
    await this.refreshAlerts();
  }

  /** The catalog says that alert rules have changed. */
  async refreshAlerts(): Promise<void> {
    if (this.#definitions.version < 0) await this.#refresh();
    if (await this.#alerts.refresh()) this.#steps.checkpoint();
    this.#alerts.nudge(Date.now());
    this.#steps.wake();
  }

  /** How alerts stand here and in the shares of split metrics, and what fired: JSON, a list. */
  async alerts(question: AlertsQuestion): Promise<string> {
    const shares = await this.#ofShares(
      async (object) => JSON.parse(await object.alerts(question)) as AlertsOfObject[],
    );
    return JSON.stringify([this.#alerts.read(question), ...shares]);
  }

  /** What is counted of alerts here and in the shares of split metrics. */
  async alertStats(): Promise<AlertStats[]> {
    return [this.#alerts.stats(), ...(await this.#ofShares((object) => object.alertStats()))];
  }

  /** Closes what waits only for the clock; after a restart, also what the lost alarm would have. */
  async wake(): Promise<void> {
    await this.#steps.catchUp();
    await this.#ofShares((object) => object.wake());
  }

  /** Counters of all metrics that are read here: of split ones those of their shares together. */
  async stats(): Promise<MetricStats[]> {
    await this.#refresh();
    const own = [...this.#set.metrics()].map((windows) => ({
      metric: windows.compiled.metric.name,
      watermarkMs: this.#set.watermarkOf(windows.compiled),
      ...windows.counts,
    }));
    return sumStats([...own, ...(await this.#ofShares((object) => object.stats()))]);
  }

  /** Where time stands for all metrics that are read here. */
  async standings(): Promise<MetricStanding[]> {
    const own = [...this.#set.metrics()].map(({ compiled, finalEnd, sealedEnd, start }) => ({
      metric: compiled.metric.name,
      watermarkMs: this.#set.watermarkOf(compiled),
      finalEnd,
      sealedEnd,
      since: [...start.since],
    }));
    return mergeStandings([...own, ...(await this.#ofShares((object) => object.standings()))]);
  }

  /** What has gone to the hot store from here and from the shares of split metrics. */
  async hotStats(): Promise<HotStats[]> {
    const own = this.#hot === undefined ? [] : [this.#hot.stats()];
    return [...own, ...(await this.#ofShares((object) => object.hotStats()))];
  }

  /** What waits for the archive here and in the shares of split metrics; nothing without an archive. */
  async pointStats(): Promise<PointOutboxStats[]> {
    const own = this.#keeper.stats(this.#name);
    const shares = await this.#ofShares((object) => object.pointStats());
    return own === undefined ? shares : [own, ...shares];
  }

  override async alarm(): Promise<void> {
    await this.#steps.alarm();
  }

  async #refreshFor(metric: string, revision: number): Promise<void> {
    if (this.#set.metric(metric)?.compiled.revision !== revision) await this.#refresh();
  }

  /** The windows of a metric or view; undefined: there is none of this name. */
  async #windowOf(name: string): Promise<WindowSpec | undefined> {
    if (this.#reader.metricOf(name) === undefined) await this.#refresh();
    return this.#reader.metricOf(name)?.window;
  }

  /** Takes the definitions in force. They are part of what a journal is replayed with: a checkpoint follows. */
  async #refresh(): Promise<void> {
    const definitions = (await catalogOf(this.env).definitions(projectOf(this.#name))) as Definitions;
    if (definitions.version <= this.#definitions.version) return;
    await this.#learnTime();
    if (definitions.version <= this.#definitions.version) return;
    const before = this.#definitions;
    this.#definitions = definitions;
    const own = metricsOf(this.#name, definitions.metrics);
    // What is sealed is written before its metric may end; what open windows hold is told, but goes nowhere.
    this.#steps.checkpoint();
    const sealedEnds = new Map([...this.#set.metrics()].map((windows) => [windows, windows.sealedEnd]));
    for (const ended of this.#set.define(own)) {
      this.#feed.ended(ended);
      this.#hot?.ended(ended.compiled, sealedEnds.get(ended) ?? 0);
      this.#keeper.ended(ended.compiled);
      this.#store.forgetMetric(ended.compiled.metric.name);
    }
    this.#feed.redefined();
    for (const name of changedElsewhere(before, definitions)) this.#feed.broken(name);
    this.#steps.checkpoint();
  }

  /** What the objects of split metrics answer, where this is the one that reads these as whole. */
  async #ofShares<T>(ask: (object: DurableObjectStub<MetricWindow>) => Promise<T[] | void>): Promise<T[]> {
    if (projectOf(this.#name) !== this.#name) return [];
    const shards = this.#definitions.metrics.flatMap(({ metric }) => this.#reader.shardsOf(metric.name));
    const answers = await Promise.all(shards.map((shard) => ask(this.#object(shard))));
    return answers.flatMap((answer) => answer ?? []);
  }

  /** What this object knows of time, for a new share of a split metric. */
  clocks(): number[][] {
    return this.#set.encode().clocks;
  }

  /** A new share of a split metric begins at the time of the project. */
  async #learnTime(): Promise<void> {
    const project = projectOf(this.#name);
    if (project !== this.#name && this.#set.isTimeUnknown) {
      this.#set.learnTime((await this.#object(project).clocks()) as number[][]);
    }
  }

  #object(name: string): DurableObjectStub<MetricWindow> {
    return this.env.METRIC_WINDOW.getByName(name);
  }
}
