import { bucketOf } from "../../durable-objects/archive/archive-bucket.ts";
import type { ReadCounts } from "../../durable-objects/archive/read-groups.ts";
import { readPoints, TooManyArchivedPointsError } from "../../durable-objects/archive/read-points.ts";
import { type CompiledMetric, compileMetric } from "../../durable-objects/engine/compiled-metric.ts";
import { matchesGroups } from "../../durable-objects/engine/group-key.ts";
import { readSealed } from "../../durable-objects/engine/sealed-point.ts";
import { mergeShares, shareOf } from "../../durable-objects/engine/shares.ts";
import { viewSeries } from "../../durable-objects/engine/views.ts";
import { resample } from "../../durable-objects/engine/window-points.ts";
import { type Env, settingsOf } from "../../durable-objects/env.ts";
import { spanOf } from "../../durable-objects/window/query-planner.ts";
import type { Part } from "../../durable-objects/tiers/plan.ts";
import { checkCount, type KeptPoints } from "../../durable-objects/window/metric-reader.ts";
import {
  errorOf,
  PlanMovedError,
  refusalOf,
  TooManyPointsError,
} from "../../durable-objects/window/reading-errors.ts";
import type {
  PlannedObject,
  Refusal,
  StitchInput,
  StitchPlan,
  WindowAnswer,
} from "../../durable-objects/window/window-query.ts";
import { LIMITS } from "../../protocol/limits.ts";
import type { Group, Series } from "../../protocol/series.ts";
import { HttpError } from "../http-error.ts";
import { HotPoints } from "./hot-points.ts";

/** What reading the archive for a query has cost. */
export type ColdReads = Pick<ReadCounts, "requests" | "bytes" | "neededBytes">;

/** Points that are past change no more. */
const CLOSED = { finalEnd: Number.POSITIVE_INFINITY, sealedEnd: Number.POSITIVE_INFINITY };

/** Reads the points of a query from wherever its plan says that they are, and joins them. */
export class TieredReader {
  readonly #env: Env;
  readonly #project: string;
  readonly cold: ReadCounts = { requests: 0, bytes: 0, neededBytes: 0, groups: 0 };

  constructor(env: Env, project: string) {
    this.#env = env;
    this.#project = project;
  }

  /** @param groups of a metric itself, what is left out: groups that match none of these. */
  async read({ view, inputs, stepMs, closedMs }: StitchPlan, groups?: Group[]): Promise<Series[] | Refusal> {
    try {
      const wanted = view === undefined ? groups : undefined;
      const all = await Promise.all(inputs.map((input) => this.#readInput(input, stepMs, wanted)));
      const [[first, firstSeries], [second, secondSeries]] = [
        [inputs[0]?.defined.metric, all[0]],
        [inputs[1]?.defined.metric, all[1]],
      ];
      if (view === undefined) return firstSeries ?? [];
      if (!first || !second || !firstSeries || !secondSeries) return [];
      const derived = [
        { metric: first, series: firstSeries },
        { metric: second, series: secondSeries },
      ] as const;
      return viewSeries(view, derived, closedMs);
    } catch (error) {
      return refusalOf(
        error instanceof TooManyArchivedPointsError ? new TooManyPointsError(error.message) : error,
      );
    }
  }

  async #readInput(input: StitchInput, stepMs: number, groups?: Group[]): Promise<Series[]> {
    const compiled = compileMetric(input.defined);
    const { parts } = input.plan;
    // What the window objects have is read in one go: their tiers are neighbours.
    const windows = parts.filter(({ source }) => source === "windows");
    const read = parts.flatMap((part) => {
      if (part.source === "store") return [this.#readStore(compiled, input, part, stepMs)];
      return part.source === "archive" ? [this.#readArchive(compiled, input.objects, part, stepMs)] : [];
    });
    if (windows.length > 0) {
      const object = this.#env.METRIC_WINDOW.getByName(this.#project);
      const revisions = { [compiled.metric.name]: compiled.revision };
      const span = { ...spanOf(windows, stepMs), revisions, ...(groups === undefined ? {} : { groups }) };
      read.push(object.readSeries(compiled.metric.name, span).then(seriesOfAnswer));
    }
    const all = await Promise.all(read);
    const spans = all.map((series) => series.filter(({ group }) => matchesGroups(group, groups)));
    const points = spans.flat().reduce((sum, { t }) => sum + t.length, 0);
    checkCount(points, LIMITS.answeredPoints, "answers with");
    return joinSeries(spans);
  }

  async #readArchive(
    compiled: CompiledMetric,
    objects: readonly PlannedObject[],
    { afterMs, untilMs, rolledUpMs = 0, isShared = false }: Part,
    stepMs: number,
  ): Promise<Series[]> {
    if (this.#env.ARCHIVE === undefined) return [];
    const bucket = bucketOf(this.#env.ARCHIVE);
    const { metric, revision } = compiled;
    const mostPoints = LIMITS.archivedPoints;
    const shares = await Promise.all(
      objects.map(async ({ name: object, nextRow }) => {
        const kept = isShared ? await this.#keptPoints(compiled, object, { afterMs, untilMs }) : undefined;
        const span = { afterMs, untilMs: kept === undefined ? untilMs : Math.min(kept.lostMs, untilMs) };
        const question = { metric: metric.name, revision, stepMs: rolledUpMs, ...span };
        const listing = await this.#env.POINT_ARCHIVER.getByName(object).listing(question);
        if (listing.recomputed.some(({ before }) => before >= nextRow)) throw new PlanMovedError();
        const points = await readPoints(compiled, listing, { ...span, mostPoints }, bucket, this.cold);
        const read = [...points, ...(kept?.points ?? [])].map((point) => readSealed(compiled, point));
        const share = shareOf(compiled, resample(compiled, read, stepMs, CLOSED));
        return { ...share, watermark: null, closed: CLOSED };
      }),
    );
    return mergeShares(compiled, shares, metric.window.type === "sliding" ? metric.window.sizeMs : stepMs);
  }

  /** The newer points of a step whose older ones only the archive has. */
  async #keptPoints(
    { metric, revision }: CompiledMetric,
    object: string,
    { afterMs, untilMs }: Pick<Part, "afterMs" | "untilMs">,
  ): Promise<KeptPoints> {
    const defined = JSON.stringify({ metric, revision });
    const text = await this.#env.METRIC_WINDOW.getByName(object).keptPoints(defined, afterMs, untilMs);
    const kept = JSON.parse(text) as KeptPoints | Refusal;
    if ("ok" in kept) throw errorOf(kept);
    return kept;
  }

  /** A store that does not answer is done without, where the archive has the same: the plan then says so. */
  async #readStore(
    compiled: CompiledMetric,
    { objects }: StitchInput,
    part: Part,
    stepMs: number,
  ): Promise<Series[]> {
    const { hotQuery } = settingsOf(this.#env);
    if (hotQuery === undefined) return [];
    try {
      return await new HotPoints(hotQuery, this.#project).read(compiled.metric, part, stepMs);
    } catch (error) {
      const windows = (part.untilMs - part.afterMs) / compiled.metric.window.everyMs;
      const canFallBack = part.isArchived === true && windows <= LIMITS.archivedWindows;
      if (!(error instanceof HttpError) || !canFallBack) throw error;
      Object.assign(part, { tier: "cold", source: "archive" } satisfies Partial<Part>);
      return this.#readArchive(compiled, objects, part, stepMs);
    }
  }
}

function seriesOfAnswer(answer: WindowAnswer): Series[] {
  if (answer.ok) return JSON.parse(answer.body) as Series[];
  // It has been deleted since the plan was made.
  if (answer.reason === "unknown_metric") throw new PlanMovedError();
  throw errorOf(answer);
}

/** Series of spans that follow one another as one for each group. */
export function joinSeries(spans: readonly Series[][]): Series[] {
  const joined = new Map<string, Series>();
  for (const { group, t, v, s, e } of spans.flat().sort((a, b) => (a.t[0] ?? 0) - (b.t[0] ?? 0))) {
    const key = JSON.stringify(Object.entries(group).sort(([a], [b]) => (a < b ? -1 : 1)));
    const series = joined.get(key);
    if (series === undefined) {
      joined.set(key, { group, t: [...t], v: [...v], s: [...s], ...(e === undefined ? {} : { e: [...e] }) });
      continue;
    }
    for (const [i, end] of t.entries()) {
      series.t.push(end);
      series.v.push(v[i] ?? null);
      series.s.push(s[i] ?? 0);
      if (e !== undefined) (series.e ??= []).push(e[i] ?? null);
    }
  }
  return [...joined.values()];
}
