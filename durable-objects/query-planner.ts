import type { Definitions } from "./definitions.ts";
import { projectOf } from "./engine/placement.ts";
import { type ViewInput, viewInputs } from "./engine/views.ts";
import type { MetricReader, Span } from "./metric-reader.ts";
import { pageOf } from "./tiers/page.ts";
import { type Coverage, isRefusal, type Plan, planQuery, tiersOf } from "./tiers/plan.ts";
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
  /** JSON of the {@link Coverage} of a metric by one of its window objects. */
  coverageOf: (object: string, metric: string) => Promise<string | undefined>;
}

/** What there is of one metric, and where. */
type Covered = Omit<StitchInput, "plan"> & { coverage: Coverage };

/** Finds out what each tier has of the metrics that a query is about, and plans by it. */
export class QueryPlanner {
  readonly #options: QueryPlannerOptions;

  constructor(options: QueryPlannerOptions) {
    this.#options = options;
  }

  async plan(whole: WindowQuery): Promise<StitchPlan | Refusal> {
    const page = await this.#page(whole);
    if ("ok" in page) return page;
    const { query } = page;
    const view = this.#options.reader.view(query.metric);
    const wanted = this.#inputsOf(query.metric);
    const agoMs = Math.max(...wanted.map((input) => input.agoMs));
    let { stepMs } = query;
    if (stepMs === undefined && agoMs > 0) {
      // One step for both: what suits the older points.
      const oldest = await this.#input(wanted[1]?.metric ?? "", query, agoMs);
      if ("ok" in oldest) return oldest;
      stepMs = dividing(agoMs, oldest.plan.stepMs, oldest.defined.metric.window.everyMs);
      if (stepMs === undefined) {
        const message = `from and to ask for more than ${query.mostPoints} points a series, as far apart as they may be: what is compared with, ${agoMs} ms; ask for a shorter span`;
        return { ok: false, reason: "points", message };
      }
    }
    if (stepMs !== undefined && agoMs % stepMs !== 0) {
      const message = `step is ${stepMs} ms; expected one that divides what is compared with, ${agoMs} ms ago`;
      return { ok: false, reason: "step", message };
    }
    const inputs: (StitchInput & { finalEndMs: number })[] = [];
    for (const input of wanted) {
      const asked = { ...query, ...(stepMs === undefined ? {} : { stepMs }) };
      const planned = await this.#input(input.metric, asked, input.agoMs);
      if ("ok" in planned) return planned;
      ({ stepMs } = planned.plan);
      inputs.push(planned);
    }
    const [first] = inputs;
    if (first === undefined || stepMs === undefined) return unknownMetric(query.metric);
    const tiers = tiersOf(first.plan, query.fromMs, query.toMs);
    const { fromMs, toMs } = query;
    const span = { fromMs, toMs, ...(page.nextMs === undefined ? {} : { nextMs: page.nextMs }) };
    const closedMs = first.finalEndMs;
    const plan: StitchPlan = { metric: query.metric, stepMs, inputs, closedMs, tiers, ...span };
    return view === undefined ? plan : { ...plan, view };
  }

  /** What is to be answered of a question: the first page, if it is to be in pages. */
  async #page(query: WindowQuery): Promise<{ query: WindowQuery; nextMs?: number } | Refusal> {
    const { stepMs, pageSteps } = query;
    if (stepMs === undefined || pageSteps === undefined) return { query };
    let firstEndMs = Number.POSITIVE_INFINITY;
    for (const { metric, agoMs } of this.#inputsOf(query.metric)) {
      const covered = await this.#covered(metric);
      if ("ok" in covered) return covered;
      firstEndMs = Math.min(firstEndMs, (covered.coverage.firstEndMs ?? firstEndMs) + agoMs);
    }
    const { asked, ...next } = pageOf(query, { stepMs, steps: pageSteps, firstEndMs });
    return { query: { ...query, ...asked }, ...next };
  }

  #inputsOf(name: string): ViewInput[] {
    const view = this.#options.reader.view(name);
    return view === undefined ? [{ metric: name, agoMs: 0 }] : viewInputs(view);
  }

  async #covered(name: string): Promise<Covered | Refusal> {
    const { definitions, objectName, reader } = this.#options;
    const defined = definitions().metrics.find(({ metric }) => metric.name === name);
    if (defined === undefined) return unknownMetric(name);
    const shards = reader.shardsOf(name);
    const objects = shards.length === 0 ? [projectOf(objectName)] : shards;
    const texts = await Promise.all(objects.map((object) => this.#options.coverageOf(object, name)));
    const coverages = texts.filter((text) => text !== undefined).map((text) => JSON.parse(text) as Coverage);
    if (coverages.length < objects.length) return unknownMetric(name);
    return { defined, objects, coverage: coverages.reduce(coverageOfBoth) };
  }

  async #input(
    name: string,
    query: WindowQuery,
    agoMs: number,
  ): Promise<(StitchInput & { finalEndMs: number }) | Refusal> {
    const covered = await this.#covered(name);
    if ("ok" in covered) return covered;
    const { defined, objects, coverage } = covered;
    const { fromMs, toMs, upToNow, ...rest } = query;
    const asked = { ...rest, fromMs: fromMs - agoMs, toMs: toMs - agoMs, upToNow };
    const plan = planQuery(defined.metric, asked, coverage);
    return isRefusal(plan) ? plan : { defined, objects, plan, finalEndMs: coverage.finalEndMs };
  }
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
  const kept = a.kept.map(({ stepMs, afterMs }, i) => ({
    stepMs,
    afterMs: Math.max(afterMs, b.kept[i]?.afterMs ?? 0),
  }));
  const firsts = [a.firstEndMs, b.firstEndMs].filter((ms) => ms !== undefined);
  const whole: Coverage = {
    ...both,
    ...(firsts.length === 0 ? {} : { firstEndMs: Math.min(...firsts) }),
    kept,
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
  return spanOf(inputs[0]?.plan.parts ?? [], stepMs);
}

/** The ends of the steps of some parts. */
export function spanOf(parts: Plan["parts"], stepMs: number): Span {
  const [first, last] = [parts[0], parts.at(-1)];
  return { fromMs: (first?.afterMs ?? 0) + stepMs, toMs: last?.untilMs ?? 0, stepMs };
}
