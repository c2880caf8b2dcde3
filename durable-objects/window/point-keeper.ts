import type { View } from "../../protocol/view.ts";
import { LIMITS } from "../../protocol/limits.ts";
import type { Metric } from "../../protocol/metric.ts";
import type { Replacement, Sealing } from "../backfill/replacement.ts";
import type { Definitions } from "../catalog/definitions.ts";
import type { DefinedMetric } from "../engine/compiled-metric.ts";
import type { MetricWindows } from "../engine/metric-windows.ts";
import { ceilTo, type RollupLevel, rollupLevels, stretchMs } from "../engine/rollup.ts";
import type { WindowSet } from "../engine/window-set.ts";
import type { HotSender } from "./hot-sender.ts";
import type { PointArchiver, PointBatch } from "../point-archiver.ts";
import type { Settings } from "../settings.ts";
import type { EndSpan, KeptLevel } from "../storage/point-ledger.ts";
import { PointOutbox } from "../storage/point-outbox.ts";
import type { PointStore } from "../storage/point-store.ts";
import type { ObjectCoverage } from "../tiers/plan.ts";

interface PointKeeperOptions {
  storage: DurableObjectStorage;
  points: PointStore;
  set: WindowSet;
  settings: Settings;
  definitions: () => Definitions;
  hot: HotSender | undefined;
  /** Absent: there is no archive. */
  archiver: DurableObjectStub<PointArchiver> | undefined;
  keepAlive: (task: Promise<void>) => void;
  /** Called when there is something to do at a later time. */
  wakeBy: (dueMs: number) => void;
}

const RETRY_MS = 30_000;

/** Sealed points of one window object on their way to the archive. */
export interface PointOutboxStats {
  object: string;
  waitingPoints: number;
  dropped: number;
  retries: number;
}

/** What becomes of a window object's sealed points: archived, rolled up with age, forgotten at last. */
export class PointKeeper {
  readonly #options: PointKeeperOptions;
  readonly #outbox: PointOutbox | undefined;
  #isArchiving = false;
  #retryMs = 0;
  /** Whether points are old enough to be rolled up that were on their way. */
  #isBlocked = false;
  /** Whether a few of the points that are old enough have yet to be rolled up. */
  hasMore = false;

  constructor(options: PointKeeperOptions) {
    this.#options = options;
    const { archiver, storage, points } = options;
    if (archiver !== undefined) this.#outbox = new PointOutbox(storage, points, Date.now());
  }

  /** Part of a checkpoint. Points that were computed anew come first. */
  keep(points: PointStore, nowMs: number, replacement?: Replacement): void {
    if (replacement !== undefined) this.#replace(points, replacement);
    const { hot, set, settings } = this.#options;
    const keepMs = settings.liveRetentionMs;
    const passed = this.#passedRow();
    points.release(passed);
    this.hasMore = false;
    this.#isBlocked = false;
    for (const windows of set.metrics()) {
      const { compiled, sealedEnd } = windows;
      const levels = this.#levels(compiled.metric);
      const untilMs = Math.min(nowMs, sealedEnd);
      const outcome = points.rollUp(compiled, levels, untilMs, passed);
      if (outcome === "more") this.hasMore = true;
      if (outcome === "blocked") this.#isBlocked = true;
      points.expire(compiled.metric.name, levels, { beforeMs: nowMs - keepMs, keepMs }, passed);
    }
    points.makeRoom(settings.liveBytes, (condition, parameter, reason) => {
      hot?.losing(condition, parameter, reason);
      this.#outbox?.losing(condition, parameter);
    });
  }

  /** Where a metric stands, for who computes its past anew. */
  sealing({ compiled, sealedEnd, start }: MetricWindows): Sealing {
    const stretch = stretchMs(this.#levels(compiled.metric));
    return { sealedEndMs: sealedEnd, since: start.known, stretchMs: stretch };
  }

  /**
   * Why points cannot be replaced now. Rows that are on their way somewhere must not change: cursors go by them. What it
   * takes to have them arrive is under way then.
   */
  laterThan({ compiled, sealedEnd }: MetricWindows, replacement: Replacement): string | undefined {
    const { hot, points } = this.#options;
    const { metric, afterMs, untilMs } = replacement;
    const stretch = stretchMs(this.#levels(compiled.metric));
    const isWhole =
      untilMs % stretch === 0 || !points.rows.isRolledUp(metric, untilMs, ceilTo(untilMs, stretch));
    if (afterMs % stretch !== 0 || !isWhole) return `points are kept in other stretches, of ${stretch} ms`;
    if (untilMs > sealedEnd) return `windows up to ${untilMs} are not sealed yet`;
    if (this.#outbox?.isFull === true) {
      this.nudge(Date.now(), true);
      return "too many points wait to be archived";
    }
    if (!points.rows.hasRowsFrom(this.#passedRow(), metric, afterMs, untilMs)) return undefined;
    this.nudge(Date.now(), true);
    hot?.nudge(Date.now());
    return "points that are to be replaced have yet to reach the archive or the hot store";
  }

  /** Points were put in the place of others. Older ones than are kept here are read from the archive: they go there at once. */
  replaced({ metric, afterMs }: Replacement): void {
    if (afterMs < this.#options.points.ledger.lostMs(metric)) this.nudge(Date.now(), true);
  }

  #replace(points: PointStore, { metric, revision, afterMs, untilMs, points: anew }: Replacement): void {
    const { first, next } = points.replace(metric, afterMs, untilMs, anew);
    this.#outbox?.note({ metric, revision, afterMs, untilMs, before: first }, next - 1);
  }

  /** A metric has ended. */
  ended(defined: DefinedMetric): void {
    this.#options.points.end(defined, this.#passedRow());
  }

  /** Whether a live picture of a metric, or of a view of it, may have points that end by `untilMs`. */
  isShownLive(metric: Metric, untilMs: number, nowMs: number): boolean {
    return untilMs > nowMs - (this.#levels(metric)[0]?.untilMs ?? 0);
  }

  /** What is kept here of a metric's sealed points. */
  kept(metric: Metric): KeptLevel[] {
    return this.#options.points.ledger.kept(metric.name, this.#levels(metric));
  }

  /** Spans of what is not kept here any more which the archive has not rolled up, or not as it is now. */
  notRolledUp({ name }: Metric): EndSpan[] {
    const { points } = this.#options;
    const untold = this.#outbox?.untold(name) ?? [];
    return [...points.ledger.spans(name, "not_rolled_up"), ...points.onTheirWay(name), ...untold];
  }

  /** What this object and its stores have of one of its metrics. */
  coverage(windows: MetricWindows, nowMs: number): ObjectCoverage {
    const { compiled, finalEnd, sealedEnd } = windows;
    const { hot, points, settings } = this.#options;
    const { name } = compiled.metric;
    const levels = this.#levels(compiled.metric);
    const coverage: ObjectCoverage = {
      nextRow: points.rows.nextId,
      finalEndMs: finalEnd,
      sealedEndMs: sealedEnd,
      kept: this.kept(compiled.metric),
    };
    const firstEndMs = Math.min(
      points.ledger.firstEnd(name) ?? Number.POSITIVE_INFINITY,
      windows.firstEnd ?? Number.POSITIVE_INFINITY,
    );
    if (firstEndMs < Number.POSITIVE_INFINITY) coverage.firstEndMs = firstEndMs;
    const rolledUpMs = levels.length > 1 ? levels.at(-1)?.stepMs : undefined;
    const hasArchive = this.#outbox !== undefined;
    if (hasArchive)
      coverage.archive =
        rolledUpMs === undefined ? {} : { rolledUpMs, notRolledUp: this.notRolledUp(compiled.metric) };
    if (hot !== undefined && settings.hotQuery !== undefined) {
      const sinceMs = hasArchive ? nowMs - settings.liveRetentionMs : 0;
      const lacking = [
        ...points.ledger.spans(name, "recomputed"),
        ...points.ledger.spans(name, "not_in_store"),
      ];
      coverage.store = { afterMs: Math.max(hot.floorOf(name), sinceMs), lacking };
    }
    return coverage;
  }

  /** Undefined: there is no archive. */
  stats(object: string): PointOutboxStats | undefined {
    if (this.#outbox === undefined) return undefined;
    const { waitingPoints, dropped, retries } = this.#outbox;
    return { object, waitingPoints, dropped, retries };
  }

  /** When there is next something to do, epoch ms. */
  get dueMs(): number {
    const dueMs = this.#outbox?.dueMs(this.#options.settings.archivePointsEveryMs);
    return Math.max(this.#retryMs, dueMs ?? Number.POSITIVE_INFINITY);
  }

  /** Archives what is due, or everything that waits. */
  nudge(nowMs: number, all = false): void {
    if (this.#isArchiving || this.#outbox === undefined || (!all && nowMs < this.dueMs)) return;
    this.#isArchiving = true;
    this.#options.keepAlive(this.#archive(this.#outbox));
  }

  async #archive(outbox: PointOutbox): Promise<void> {
    try {
      for (let batch = outbox.begin(); batch !== undefined; batch = outbox.begin()) {
        const definitions: Record<string, DefinedMetric> = {};
        for (const { metric } of batch.rows) {
          const defined = this.#definedOf(metric);
          if (defined !== undefined)
            definitions[metric] = { metric: defined.metric, revision: defined.revision };
        }
        const archivedTo = await this.#options.archiver?.archive(
          JSON.stringify({ ...batch, definitions } satisfies PointBatch),
        );
        outbox.done(archivedTo ?? 0, batch.recomputed, Date.now());
      }
      this.#retryMs = 0;
      if (this.#isBlocked) {
        this.hasMore = true;
        this.#options.wakeBy(Date.now());
      }
    } catch {
      outbox.retry();
      this.#retryMs = Date.now() + RETRY_MS;
      this.#options.wakeBy(this.#retryMs);
    } finally {
      this.#isArchiving = false;
    }
  }

  #definedOf(metric: string): DefinedMetric | undefined {
    const { points, set } = this.#options;
    return points.ended(metric) ?? set.metric(metric)?.compiled;
  }

  /** Rows before this id are wherever they are to go. Rows to come are not, though none waits now. */
  #passedRow(): number {
    const { hot, points } = this.#options;
    const archived = this.#outbox?.passedRow ?? Number.MAX_SAFE_INTEGER;
    return Math.min(points.rows.nextId, hot?.passedRow ?? Number.MAX_SAFE_INTEGER, archived);
  }

  /** As they were sealed for as long as the longest snapshot reaches back, and what it is compared with. */
  #levels({ name, window }: Metric): RollupLevel[] {
    const { definitions, settings } = this.#options;
    const agoMs = definitions().views.reduce((most, { view }) => Math.max(most, agoOf(view, name)), 0);
    const fineMs = Math.max(settings.liveFineMs, agoMs + LIMITS.pointsPerSeries * window.everyMs);
    return rollupLevels(window, { fineMs, keepMs: settings.liveRetentionMs });
  }
}

function agoOf(view: View, metric: string): number {
  return view.type === "change" && view.metric === metric ? view.agoMs : 0;
}
