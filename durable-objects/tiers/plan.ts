import { LIMITS } from "../../protocol/limits.ts";
import type { Metric } from "../../protocol/metric.ts";
import type { TierSpan } from "../../protocol/series.ts";
import type { WindowSpec } from "../../protocol/window-spec.ts";
import { ceilTo } from "../engine/rollup.ts";
import { floorTo } from "../engine/windows.ts";
import type { EndSpan, KeptLevel } from "../storage/point-ledger.ts";
import type { Refusal } from "../window/window-query.ts";

/** What each tier has of one metric. Ends of windows, epoch ms. */
export interface Coverage {
  /** The end of the first window that there ever was; absent: there was none. */
  firstEndMs?: number;
  /** Windows that end by then have had all their events, late ones apart. */
  finalEndMs: number;
  /** Windows that end by then never change. */
  sealedEndMs: number;
  /** What the window objects keep, finest first. */
  kept: KeptLevel[];
  /** Of a split metric: after this some of its objects still keep what others do not. Absent: all keep the same. */
  sharedAfterMs?: number;
  /** What the hot store has beside them; absent: there is none that can be asked. */
  store?: StoreCoverage;
  /** What the archive has; absent: there is none. */
  archive?: ArchiveCoverage;
}

/** What one window object and its stores have of a metric. */
export interface ObjectCoverage extends Coverage {
  /** Rows of points from this id on are newer than what is said here. */
  nextRow: number;
}

export interface StoreCoverage {
  /** It has the windows that end after this. */
  afterMs: number;
  /** Of these spans it does not have all, or not as it is now. */
  lacking: EndSpan[];
}

export interface ArchiveCoverage {
  /** It has every window as it was sealed, and all that the window objects no longer have rolled up to this. */
  rolledUpMs?: number;
  /** But for these spans, which went before they could be rolled up, or were computed anew and have yet to be. */
  notRolledUp?: EndSpan[];
}

/** Ends of windows in `[fromMs, toMs]`, epoch ms. */
export interface Asked {
  fromMs: number;
  toMs: number;
  /** Distance of two points; absent: what suits the span. */
  stepMs?: number;
  /** Whether `toMs` is the clock's time, or later: then the window that is open now belongs to it, though it ends later. */
  upToNow: boolean;
  mostPoints: number;
}

/** What a plan depends on of a metric. */
export type PlannedMetric = Pick<Metric, "window" | "aggregate" | "shards">;

/** Where the points of some steps come from: those that end in `(afterMs, untilMs]`, both multiples of the step. */
export interface Part {
  tier: TierSpan["tier"];
  /** Nowhere: it is no longer kept. */
  source: "windows" | "store" | "archive" | "nowhere";
  afterMs: number;
  untilMs: number;
  /** Of the archive: read what is rolled up to this; absent: what was sealed. */
  rolledUpMs?: number;
  /** Of what is rolled up in the archive: it has the beginning only, the window objects, each from where it begins, the rest. */
  isShared?: boolean;
  /** Of the hot store: the archive has the same. */
  isArchived?: boolean;
}

/** The steps that end in `(afterMs, untilMs]`. */
type Span = Pick<Part, "afterMs" | "untilMs">;

export interface Plan {
  stepMs: number;
  /** Ascending, without a gap between them. */
  parts: Part[];
}

/** Steps that people think in, ms. */
const SECOND = 1_000;
const MINUTE = 60_000;
const HOUR = 3_600_000;
const NICE_STEPS = [
  ...[0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30].map((n) => n * SECOND),
  ...[1, 2, 5, 10, 15, 30].map((n) => n * MINUTE),
  ...[1, 2, 3, 6, 12, 24, 48, 168].map((n) => n * HOUR),
];

/** Windows of the archive that a question without a step may read: it takes a coarser one instead. */
const CHEAP_WINDOWS = 20_000;

/**
 * Decides which tier answers for which steps of a question. The newest points come from the window objects, older ones
 * from the hot store, the oldest from the archive; where two have the same, the nearer answers. Seams lie between steps,
 * so that nobody has to add up parts of one.
 */
export function planQuery(metric: PlannedMetric, asked: Asked, coverage: Coverage): Plan | Refusal {
  const { everyMs, type } = metric.window;
  // Time before the first window has no points, and makes no step coarser.
  const filledMs = asked.toMs - Math.max(asked.fromMs, Math.min(coverage.firstEndMs ?? 0, asked.toMs));
  if (asked.stepMs !== undefined) {
    const { stepMs } = asked;
    if (stepMs % everyMs !== 0) {
      const what = type === "sliding" ? "window's step" : "window's size";
      return refuse("step", `step is ${stepMs} ms; expected a multiple of the ${what}, ${everyMs} ms`);
    }
    if (filledMs / stepMs > asked.mostPoints) {
      const points = Math.ceil(filledMs / stepMs);
      const message = `from, to and step ask for ${points} points a series; the bound is ${asked.mostPoints}`;
      return refuse("points", message);
    }
    return bounded(metric.window, planAt(metric, asked, stepMs, coverage));
  }
  const least = Math.max(everyMs, filledMs / asked.mostPoints);
  const steps = [niceStep(everyMs, least)];
  for (const level of coverage.kept.slice(1))
    steps.push(niceStep(level.stepMs, Math.max(least, level.stepMs)));
  const plans = steps.map((stepMs) => planAt(metric, asked, stepMs, coverage));
  const cheap = plans.find(
    (plan) => !isRefusal(plan) && archivedWindows(metric.window, plan) <= CHEAP_WINDOWS,
  );
  return bounded(metric.window, cheap ?? plans.at(-1) ?? refuse("step", "there is no step"));
}

/** After which end of a step the window objects keep all that it takes to make one. */
export function keptAfter(kept: readonly KeptLevel[], stepMs: number): number {
  const usable = kept.filter((level) => stepMs % level.stepMs === 0);
  return ceilTo(usable.at(-1)?.afterMs ?? 0, stepMs);
}

/** The tiers that a plan asks, over the whole of what was asked. */
export function tiersOf({ parts }: Plan, fromMs: number, toMs: number): TierSpan[] {
  const spans: TierSpan[] = [];
  for (const { tier, untilMs } of parts) {
    const last = spans.at(-1);
    const to = Math.min(toMs, Math.max(fromMs, untilMs));
    if (last?.tier === tier) last.to = to;
    else if (last === undefined || to > last.to) spans.push({ tier, from: last?.to ?? fromMs, to });
  }
  const last = spans.at(-1);
  if (last === undefined) return [{ tier: "live", from: fromMs, to: toMs }];
  last.to = toMs;
  return spans;
}

export function isRefusal(plan: Plan | Refusal): plan is Refusal {
  return "ok" in plan;
}

function planAt(
  metric: PlannedMetric,
  { fromMs, toMs, upToNow }: Asked,
  stepMs: number,
  { firstEndMs = 0, sealedEndMs, kept, sharedAfterMs, store, archive }: Coverage,
): Plan | Refusal {
  const begin = ceilTo(Math.max(fromMs, Math.min(firstEndMs, toMs)), stepMs) - stepMs;
  const first = Math.max(begin, 0);
  const last = floorTo(upToNow ? toMs + stepMs : toMs, stepMs);
  const whole = { afterMs: first, untilMs: last };
  const windowsAfter = clamp(keptAfter(kept, stepMs), whole);
  const liveAfter = Math.max(windowsAfter, clamp(floorTo(sealedEndMs, stepMs), whole));
  const lostMs = kept.at(-1)?.afterMs ?? 0;
  const older = { afterMs: first, untilMs: windowsAfter };
  const archivedMs = sharedAfterMs ?? lostMs;
  const parts = planOlder({ metric, stepMs }, older, { archivedMs, store, archive }).filter(hasSteps);
  const coarser = kept.find((level) => stepMs % level.stepMs !== 0);
  // Of windows that are not sealed, and those before them, only the window objects can make one step.
  const isLacking = parts.some(({ source, untilMs }) => source === "nowhere" || untilMs > sealedEndMs);
  if (isLacking && coarser !== undefined && coarser.afterMs < windowsAfter) {
    const until = new Date(windowsAfter).toISOString();
    const message = `step is ${stepMs} ms; points before ${until} are kept every ${coarser.stepMs} ms: expected a multiple of that`;
    return refuse("step", message);
  }
  if (parts.some(({ isShared, untilMs }) => isShared === true && untilMs > sealedEndMs)) {
    const archived = new Date(lostMs).toISOString();
    const message = `step is ${stepMs} ms; one reaches from the archive, which ends at ${archived}, to windows that are not sealed: expected a shorter step, or an earlier to`;
    return refuse("step", message);
  }
  parts.push({ tier: "hot", source: "windows", afterMs: windowsAfter, untilMs: liveAfter });
  parts.push({ tier: "live", source: "windows", afterMs: liveAfter, untilMs: last });
  return { stepMs, parts: joined(parts) };
}

/** Who answers for what the window objects no longer have. */
function planOlder(
  { metric, stepMs }: { metric: PlannedMetric; stepMs: number },
  whole: Span,
  {
    archivedMs,
    store,
    archive,
  }: { archivedMs: number; store: StoreCoverage | undefined; archive: ArchiveCoverage | undefined },
): Part[] {
  const withoutStore = (part: Span): Part[] => planArchive(part, { stepMs, archivedMs }, archive);
  if (store === undefined || !storeCanAnswer(metric, stepMs)) return withoutStore(whole);
  const storeAfter = clamp(ceilTo(store.afterMs, stepMs), whole);
  const inStore = (part: Span): Part[] => [
    { tier: "hot", source: "store", ...part, ...(archive === undefined ? {} : { isArchived: true }) },
  ];
  return [
    ...withoutStore({ afterMs: whole.afterMs, untilMs: storeAfter }),
    ...apart(
      { afterMs: storeAfter, untilMs: whole.untilMs },
      archive === undefined ? [] : store.lacking,
      stepMs,
      {
        inside: withoutStore,
        outside: inStore,
      },
    ),
  ];
}

/** The archive's parts of a span, or where there is none, that nobody has it. */
function planArchive(
  span: Span,
  { stepMs, archivedMs }: { stepMs: number; archivedMs: number },
  archive: ArchiveCoverage | undefined,
): Part[] {
  if (archive === undefined) return [{ tier: "hot", source: "nowhere", ...span }];
  const { rolledUpMs, notRolledUp = [] } = archive;
  const asSealed = (part: Span): Part[] => [{ tier: "cold", source: "archive", ...part }];
  if (rolledUpMs === undefined || stepMs % rolledUpMs !== 0) return asSealed(span);
  // What is rolled up comes to the archive when it is to go: of the last steps a window object has the rest.
  const rolledUp = ({ afterMs, untilMs }: Span): Part[] => {
    const wholeMs = clamp(floorTo(archivedMs, stepMs), { afterMs, untilMs });
    const part = { tier: "cold", source: "archive", rolledUpMs } as const;
    return [
      { ...part, afterMs, untilMs: wholeMs },
      { ...part, afterMs: wholeMs, untilMs, isShared: true },
    ];
  };
  return apart(span, notRolledUp, stepMs, { inside: asSealed, outside: rolledUp });
}

/** The parts of a span inside some others, which are widened to whole steps, and outside. */
function apart(
  { afterMs, untilMs }: Span,
  spans: readonly EndSpan[],
  stepMs: number,
  { inside, outside }: { inside: (part: Span) => Part[]; outside: (part: Span) => Part[] },
): Part[] {
  const parts: Part[] = [];
  let after = afterMs;
  for (const [spanAfter, spanUntil] of spans.toSorted(([a], [b]) => a - b)) {
    const from = clamp(floorTo(spanAfter, stepMs), { afterMs: after, untilMs });
    const to = clamp(ceilTo(spanUntil, stepMs), { afterMs: after, untilMs });
    parts.push(...outside({ afterMs: after, untilMs: from }), ...inside({ afterMs: from, untilMs: to }));
    after = to;
  }
  return [...parts, ...outside({ afterMs: after, untilMs })];
}

/**
 * A hot store has values, not states: of windows that do not overlap it can give coarser steps only of what adds up. It
 * has no error bounds of rankings.
 */
export function storeCanAnswer({ window, aggregate, shards }: PlannedMetric, stepMs: number): boolean {
  if (aggregate.fn === "topk") return false;
  // Each window object has an `__other__` of its own there.
  if (shards > 1 && !["count", "rate", "sum", "min", "max", "histogram"].includes(aggregate.fn)) return false;
  if (window.type === "sliding" || stepMs === window.everyMs) return true;
  return ["count", "sum", "min", "max", "histogram"].includes(aggregate.fn);
}

/** Parts that have something, neighbours of one source as one. */
function joined(parts: readonly Part[]): Part[] {
  const kept: Part[] = [];
  for (const part of parts.filter(hasSteps)) {
    const last = kept.at(-1);
    const isSame =
      last?.source === part.source && last.rolledUpMs === part.rolledUpMs && last.isShared === part.isShared;
    if (last?.tier === part.tier && isSame) last.untilMs = part.untilMs;
    else kept.push({ ...part });
  }
  return kept;
}

function clamp(ms: number, { afterMs, untilMs }: Span): number {
  return Math.min(Math.max(ms, afterMs), untilMs);
}

function hasSteps({ afterMs, untilMs }: Part): boolean {
  return untilMs > afterMs;
}

function bounded(window: WindowSpec, plan: Plan | Refusal): Plan | Refusal {
  if (isRefusal(plan)) return plan;
  const windows = archivedWindows(window, plan);
  if (windows <= LIMITS.archivedWindows) return plan;
  const message = `from, to and step ask for ${windows} windows of the archive; the bound is ${LIMITS.archivedWindows}: ask for a shorter span, or a step that is a multiple of 15m`;
  return refuse("points", message);
}

/** Windows that a plan reads from the archive, of each group. */
function archivedWindows({ everyMs }: WindowSpec, { parts }: Plan): number {
  return parts
    .filter(({ source }) => source === "archive")
    .reduce(
      (sum, { afterMs, untilMs, rolledUpMs }) => sum + (untilMs - afterMs) / (rolledUpMs ?? everyMs),
      0,
    );
}

/** A step that is a multiple of `unitMs` and not less than `leastMs`: itself, or else a round one if there is one. */
function niceStep(unitMs: number, leastMs: number): number {
  if (unitMs >= leastMs) return unitMs;
  const least = ceilTo(leastMs, unitMs);
  return NICE_STEPS.find((step) => step >= least && step <= 4 * least && step % unitMs === 0) ?? least;
}

function refuse(reason: Refusal["reason"], message: string): Refusal {
  return { ok: false, reason, message };
}
