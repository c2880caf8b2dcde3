// CPU nanoseconds an event in the window engine, from an event to the sealed point, beside a bare loop over two maps.
//   node bench/windows.ts [--groups 1,100,10000] [--aggregates count,sum] [--windows tumbling] [--rounds 3] [--dry]
import { parseArgs } from "node:util";
import { type Metric, parseMetric } from "../protocol/metric.ts";
import { LIMITS } from "../protocol/limits.ts";
import type { WindowSource } from "../protocol/window-spec.ts";
import { cpuUs, type Disturbance, DisturbanceWatch, QUIET_SHARE } from "./helpers/cpu.ts";
import { Duet, type Round } from "./helpers/duet.ts";
import {
  type Density,
  EVENTS_PER_RANGE,
  EventStream,
  JITTER_MS,
  PARTITIONS,
  VISIT,
} from "./helpers/event-stream.ts";
import { median, rounded, writeResult } from "./helpers/results.ts";
import { wholeCost, WindowEngine } from "./helpers/window-engine.ts";

/** More groups come from more senders, but not from as many more: their cells are filled by fewer events. */
const DENSITIES: Density[] = [
  { groups: 1, eventsPerSecond: 1_000 },
  { groups: 100, eventsPerSecond: 10_000 },
  { groups: 10_000, eventsPerSecond: 100_000 },
];
const AGGREGATES = [
  "count",
  "rate",
  "sum(value)",
  "min(value)",
  "max(value)",
  "avg(value)",
  "last(value)",
  "p95(value)",
  "uniques(user)",
  "topk(10, page)",
  "histogram(value)",
];
/** One of each kind: simple ones cost about the same. Where a case takes long, it is these only. */
const KINDS = ["count", "avg(value)", "p95(value)", "uniques(user)", "topk(10, page)"];
/** Events of event time that a case has to see before it is measured. */
const LONG_WARM_UP_EVENTS = 2_000_000;
/** What the aggregates of sessions are taken over, for that which the others are taken over. */
const SESSION_FIELD = "duration";
const WINDOWS: WindowKind[] = [
  { kind: "tumbling", source: { type: "tumbling", size: "1s" }, sizeMs: 1_000, overlap: 1 },
  { kind: "sliding 1", source: { type: "sliding", size: "1s", every: "1s" }, sizeMs: 1_000, overlap: 1 },
  { kind: "sliding 60", source: { type: "sliding", size: "1m", every: "1s" }, sizeMs: 60_000, overlap: 60 },
  {
    kind: "sliding 3600",
    source: { type: "sliding", size: "1h", every: "1s" },
    sizeMs: 3_600_000,
    overlap: 3_600,
  },
  { kind: "session", source: { type: "session", gap: "10s", every: "10s" }, sizeMs: 10_000, overlap: 0 },
];
/** Delay, lateness and what a watermark lags behind: from then on as much is sealed as comes. */
const UNSEALED_MS = 40_000;
const WARM_UP_CPU_US = 200_000;
/** A case's rounds end early when they have taken this much. */
const CASE_CPU_US = 8_000_000;

const { values: options } = parseArgs({
  options: {
    groups: { type: "string", default: "1,100,10000" },
    aggregates: { type: "string", default: "" },
    windows: { type: "string", default: "" },
    rounds: { type: "string", default: "3" },
    dry: { type: "boolean", default: false },
  },
});

interface WindowKind {
  kind: string;
  source: WindowSource;
  sizeMs: number;
  /** In how many windows each event is. */
  overlap: number;
}

interface Case {
  groups: number;
  eventsPerSecond: number;
  aggregate: string;
  window: string;
}

/** CPU nanoseconds an event. */
interface MeasuredCase extends Case {
  shards: number;
  nsPerEvent: number;
  foldNs: number;
  jsonNs: number;
  windowsNs: number;
  loopNs: number;
  /** To the bare loop. */
  ratio: number;
  ratios: number[];
  eventsMeasured: number;
  psiSome: number;
  othersCpu: number;
  noisy: boolean;
}

/** A definition that is refused, or groups that are folded for want of memory. */
interface UnfitCase extends Case {
  unfit: "refused" | "folded";
}

export interface WindowsResult {
  eventsPerRange: number;
  partitions: number;
  jitterMs: number;
  visit: typeof VISIT;
  densities: Density[];
  cases: (MeasuredCase | UnfitCase)[];
}

if (process.argv[1] === import.meta.filename) main();

function main(): void {
  warmUpCallSites();
  const cases: WindowsResult["cases"] = [];
  for (const density of DENSITIES) {
    if (!options.groups.split(",").includes(String(density.groups))) continue;
    for (const window of WINDOWS.filter(({ kind }) => isChosen(options.windows, kind))) {
      const aggregates = warmUpEvents(density, window) > LONG_WARM_UP_EVENTS ? KINDS : AGGREGATES;
      for (const aggregate of aggregates.filter((name) => isChosen(options.aggregates, name))) {
        const measured = measureCase(density, window, aggregate);
        if (measured === undefined) continue;
        cases.push(measured);
        process.stdout.write(`${JSON.stringify(measured)}\n`);
      }
    }
  }
  const result: WindowsResult = {
    eventsPerRange: EVENTS_PER_RANGE,
    partitions: PARTITIONS,
    jitterMs: JITTER_MS,
    visit: VISIT,
    densities: DENSITIES,
    cases,
  };
  if (!options.dry) process.stdout.write(`wrote results/${writeResult("windows", result)}\n`);
}

function isChosen(chosen: string, name: string): boolean {
  return chosen === "" || chosen.split(",").some((part) => name === part || name.startsWith(`${part}(`));
}

/** Until all windows are full, and as much is sealed as comes. */
function warmUpEvents({ eventsPerSecond }: Density, { sizeMs }: WindowKind): number {
  return ((sizeMs + UNSEALED_MS) / 1_000) * eventsPerSecond;
}

/** A window object has metrics of all kinds: no call may be measured as if there were one kind only. */
function warmUpCallSites(): void {
  for (let round = 0; round < 2; round++) {
    for (const window of WINDOWS) {
      for (const aggregate of AGGREGATES) {
        const metric = metricOf(window, aggregate);
        if (metric === undefined) continue;
        const stream = new EventStream({ groups: 10, eventsPerSecond: 1_000 });
        const engine = new WindowEngine(metric);
        for (let i = 0; i < 12; i++) engine.take(stream.next());
      }
    }
  }
}

/** The metric on as few window objects as can hold it; undefined when none can, or the aggregate is not one of sessions. */
function metricOf({ source, overlap }: WindowKind, aggregate: string, groups = 10): Metric | undefined {
  const of = overlap === 0 ? aggregate.replace("(value)", `(${SESSION_FIELD})`) : aggregate;
  for (let shards = 1; shards <= LIMITS.shards; shards *= 2) {
    const parsed = parseMetric("m", {
      event: "ad_click",
      aggregate: of,
      window: source,
      groupBy: ["group"],
      maxGroups: groups,
      shards,
    });
    if (parsed.ok) return parsed.value;
    if (source.type === "session") return undefined;
  }
  return undefined;
}

function measureCase(
  density: Density,
  window: WindowKind,
  aggregate: string,
): MeasuredCase | UnfitCase | undefined {
  const what: Case = { ...density, aggregate, window: window.kind };
  const metric = metricOf(window, aggregate, density.groups);
  if (metric === undefined) return window.overlap === 0 ? undefined : { ...what, unfit: "refused" };
  const duet = new Duet(metric, density);
  duet.runUntil(() => {
    const isFull = duet.events > warmUpEvents(density, window);
    return duet.engine.lost > 0 || (isFull && wholeCost(duet.engine.cost) > WARM_UP_CPU_US);
  });
  if (duet.engine.lost > 0) return { ...what, unfit: "folded" };
  const watch = new DisturbanceWatch([]);
  const rounds: Round[] = [];
  const startUs = cpuUs();
  while (rounds.length < Number(options.rounds) && (rounds.length === 0 || cpuUs() - startUs < CASE_CPU_US)) {
    rounds.push(duet.round(window.sizeMs));
  }
  const disturbance = watch.end();
  checkSealed(duet, window, aggregate);
  return { ...what, shards: metric.shards, ...summary(rounds, disturbance) };
}

/** @throws Error unless the sealed windows hold every event as often as windows overlap. */
function checkSealed(duet: Duet, { overlap, sizeMs }: WindowKind, aggregate: string): void {
  const events = duet.close();
  if (overlap === 0 || (aggregate !== "count" && aggregate !== "rate")) return;
  // A sealed sliding window keeps its outcome, a tumbling one its count.
  const windowSeconds = aggregate === "rate" && overlap > 1 ? sizeMs / 1_000 : 1;
  const counted = duet.engine.sealedSum * windowSeconds;
  if (Math.abs(counted - events * overlap) > 1e-9 * counted) {
    throw new Error(`sealed windows hold ${counted} events, expected ${events} times ${overlap}`);
  }
}

function summary(
  rounds: Round[],
  { psiSome, othersCpu }: Disturbance,
): Omit<MeasuredCase, keyof Case | "shards"> {
  const nsOf = (pick: (round: Round) => number): number =>
    rounded(median(rounds.map((round) => (pick(round) * 1_000) / round.events)));
  const ratios = rounds.map((round) => wholeCost(round) / round.loop);
  return {
    nsPerEvent: nsOf(wholeCost),
    foldNs: nsOf(({ fold }) => fold),
    jsonNs: nsOf(({ json }) => json),
    windowsNs: nsOf(({ windows }) => windows),
    loopNs: nsOf(({ loop }) => loop),
    ratio: rounded(median(ratios)),
    ratios: ratios.map((ratio) => rounded(ratio)),
    eventsMeasured: rounds.reduce((sum, { events }) => sum + events, 0),
    psiSome,
    othersCpu,
    noisy: othersCpu > QUIET_SHARE,
  };
}
