import type { Definitions } from "../catalog/definitions.ts";
import { projectOf } from "../engine/placement.ts";
import { type ViewInput, viewInputs } from "../engine/views.ts";
import type { MetricReader, Span } from "./metric-reader.ts";
import { firstPage } from "../tiers/page.ts";
import {
  type Coverage,
  type ObjectCoverage,
  isRefusal,
  type Plan,
  planQuery,
  tiersOf,
} from "../tiers/plan.ts";
import {
  type Refusal,
  type StitchInput,
  type StitchPlan,
  unknownMetric,
  type WindowQuery,
} from "./window-query.ts";

interface QueryPlannerOptions {
  objectName: string;
  reader: MetricReader;
  definitions: () => Definitions;
  /** JSON of the {@link ObjectCoverage} of a metric by one of its window objects. */
  coverageOf: (object: string, metric: string) => Promise<string | undefined>;
}

/** What there is of one metric that a query is about, and where. */
type Covered = Omit<StitchInput, "plan"> & { agoMs: number; coverage: Coverage };

/** Finds out what each tier has of the metrics that a query is about, and plans by it. */
export class QueryPlanner {
  readonly #options: QueryPlannerOptions;

  constructor(options: QueryPlannerOptions) {
    this.#options = options;
  }

  async plan(whole: WindowQuery): Promise<StitchPlan | Refusal> {
    const covered: Covered[] = [];
    for (const input of this.#inputsOf(whole.metric)) {
      const one = await this.#covered(input);
      if ("ok" in one) return one;
      covered.push(one);
    }
    // A view has points from where the first of what it is computed from has some.
    const firsts = covered.map(
      ({ agoMs, coverage }) => (coverage.firstEndMs ?? Number.POSITIVE_INFINITY) + agoMs,
    );
    const firstEndMs = Math.min(...firsts);
    const { query, nextMs } = pageOf(whole, firstEndMs);
    // Where there is no point at all one page has the whole span, however long: time before the first fills none.
    const beginMs = query.pageSteps === undefined ? firstEndMs : Math.min(firstEndMs, query.toMs);
    const planned = planInputs(covered, query, beginMs);
    if ("ok" in planned) return planned;
    const { fromMs, toMs, metric } = query;
    const view = this.#options.reader.view(metric);
    return {
      metric,
      stepMs: planned.stepMs,
      inputs: planned.inputs,
      closedMs: covered[0]?.coverage.finalEndMs ?? 0,
      tiers: tiersOf(planned.first, fromMs, toMs),
      fromMs,
      toMs,
      ...(nextMs === undefined ? {} : { nextMs }),
      ...(view === undefined ? {} : { view }),
    };
  }

  #inputsOf(name: string): ViewInput[] {
    const view = this.#options.reader.view(name);
    return view === undefined ? [{ metric: name, agoMs: 0 }] : viewInputs(view);
  }

  async #covered({ metric: name, agoMs }: ViewInput): Promise<Covered | Refusal> {
    const { definitions, objectName, reader } = this.#options;
    const defined = definitions().metrics.find(({ metric }) => metric.name === name);
    if (defined === undefined) return unknownMetric(name);
    const shards = reader.shardsOf(name);
    const objects = shards.length === 0 ? [projectOf(objectName)] : shards;
    const texts = await Promise.all(objects.map((object) => this.#options.coverageOf(object, name)));
    const coverages = texts
      .filter((text) => text !== undefined)
      .map((text) => JSON.parse(text) as ObjectCoverage);
    if (coverages.length < objects.length) return unknownMetric(name);
    return {
      defined,
      objects: objects.map((object, i) => ({ name: object, nextRow: coverages[i]?.nextRow ?? 0 })),
      agoMs,
      coverage: coverages.reduce<Coverage>(coverageOfBoth, coverages[0] as Coverage),
    };
  }
}

/** Plans what is read of each metric, all at one step: what suits the oldest points, if none is given. */
function planInputs(
  covered: readonly Covered[],
  query: WindowQuery,
  firstEndMs: number,
): { inputs: StitchInput[]; first: Plan; stepMs: number } | Refusal {
  const planOf = ({ defined, coverage, agoMs }: Covered, stepMs: number | undefined): Plan | Refusal => {
    const { fromMs, toMs, upToNow, mostPoints } = query;
    const asked = { fromMs: fromMs - agoMs, toMs: toMs - agoMs, upToNow, mostPoints };
    const begun =
      firstEndMs === Number.POSITIVE_INFINITY ? coverage : { ...coverage, firstEndMs: firstEndMs - agoMs };
    return planQuery(defined.metric, { ...asked, ...(stepMs === undefined ? {} : { stepMs }) }, begun);
  };
  const agoMs = Math.max(...covered.map((input) => input.agoMs));
  const oldest = covered.at(-1);
  let { stepMs } = query;
  if (stepMs === undefined && agoMs > 0 && oldest !== undefined) {
    const plan = planOf(oldest, undefined);
    if (isRefusal(plan)) return plan;
    stepMs = dividing(agoMs, plan.stepMs, oldest.defined.metric.window.everyMs);
    if (stepMs === undefined) {
      const message = `from and to ask for more than ${query.mostPoints} points a series, as far apart as they may be: what is compared with, ${agoMs} ms; ask for a shorter span`;
      return { ok: false, reason: "points", message };
    }
  }
  if (stepMs !== undefined && agoMs % stepMs !== 0) {
    const message = `step is ${stepMs} ms; expected one that divides what is compared with, ${agoMs} ms ago`;
    return { ok: false, reason: "step", message };
  }
  const inputs: StitchInput[] = [];
  for (const input of covered) {
    const plan = planOf(input, stepMs);
    if (isRefusal(plan)) return plan;
    ({ stepMs } = plan);
    inputs.push({ defined: input.defined, objects: input.objects, plan });
  }
  const [first] = inputs;
  if (first === undefined || stepMs === undefined) return unknownMetric(query.metric);
  return { inputs, first: first.plan, stepMs };
}

/** What is to be answered of a question: the first page, if it is to be in pages. */
function pageOf(query: WindowQuery, firstEndMs: number): { query: WindowQuery; nextMs?: number } {
  const { stepMs, pageSteps } = query;
  if (stepMs === undefined || pageSteps === undefined) return { query };
  const { asked, ...next } = firstPage(query, { stepMs, steps: pageSteps, firstEndMs });
  return { query: { ...query, ...asked }, ...next };
}

/** The least step that divides `agoMs`, and is not less than `leastMs`: a multiple of `everyMs`, which divides it too. */
function dividing(agoMs: number, leastMs: number, everyMs: number): number | undefined {
  for (let parts = Math.floor(agoMs / leastMs); parts > 0; parts--) {
    if (agoMs % parts === 0 && (agoMs / parts) % everyMs === 0) return agoMs / parts;
  }
  return undefined;
}

/** What two window objects both have. */
function coverageOfBoth(a: Coverage, b: Coverage): Coverage {
  const { archive, store, ...both } = a;
  const lostMs = (one: Coverage): number => one.sharedAfterMs ?? one.kept.at(-1)?.afterMs ?? 0;
  const kept = a.kept.map(({ stepMs, afterMs }, i) => ({
    stepMs,
    afterMs: Math.max(afterMs, b.kept[i]?.afterMs ?? 0),
  }));
  const firsts = [a.firstEndMs, b.firstEndMs].filter((ms) => ms !== undefined);
  const whole: Coverage = {
    ...both,
    ...(firsts.length === 0 ? {} : { firstEndMs: Math.min(...firsts) }),
    kept,
    sharedAfterMs: Math.min(lostMs(a), lostMs(b)),
    finalEndMs: Math.min(a.finalEndMs, b.finalEndMs),
    sealedEndMs: Math.min(a.sealedEndMs, b.sealedEndMs),
  };
  if (archive !== undefined) {
    const notRolledUp = [...(archive.notRolledUp ?? []), ...(b.archive?.notRolledUp ?? [])];
    whole.archive = { ...archive, notRolledUp };
  }
  if (store === undefined || b.store === undefined) return whole;
  const afterMs = Math.max(store.afterMs, b.store.afterMs);
  const lacking = [...store.lacking, ...b.store.lacking];
  return { ...whole, store: { afterMs, lacking } };
}

/** The span to read where the window objects have all of it. */
export function windowSpanOf({ inputs, stepMs }: StitchPlan): Span | undefined {
  if (inputs.some(({ plan }) => plan.parts.some(({ source }) => source !== "windows"))) return undefined;
  const revisions = Object.fromEntries(inputs.map(({ defined }) => [defined.metric.name, defined.revision]));
  return { ...spanOf(inputs[0]?.plan.parts ?? [], stepMs), revisions };
}

/** The ends of the steps of some parts. */
export function spanOf(parts: Plan["parts"], stepMs: number): Pick<Span, "fromMs" | "toMs" | "stepMs"> {
  const [first, last] = [parts[0], parts.at(-1)];
  return { fromMs: (first?.afterMs ?? 0) + stepMs, toMs: last?.untilMs ?? 0, stepMs };
}
