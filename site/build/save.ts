import { isSameJson } from "../../protocol/changed-fields.ts";
import type { CatalogChangeRequest } from "../../protocol/catalog-change.ts";
import type { Dashboard } from "../../protocol/dashboard.ts";
import type { MetricSource } from "../../protocol/metric.ts";
import { isViewSource } from "../../protocol/view.ts";
import { RequestError } from "../api.ts";
import { type Draft, named } from "./draft.ts";
import {
  type Definition,
  type DefinitionKind,
  RefusedChangeError,
  type Requests,
  type Stored,
} from "./requests.ts";

/** What a draft was made of, as the catalog had it then; undefined: it had none. */
export interface Bases {
  dashboard: Dashboard | undefined;
  /** Of the draft's metrics, by name. */
  metrics: Readonly<Record<string, Definition | undefined>>;
}

/** A definition that somebody else has changed since the draft was made of it. */
export interface Conflict {
  kind: DefinitionKind;
  name: string;
  /** As it is by now; undefined: it was removed. */
  stored: Definition | undefined;
  /** As it would have been saved. */
  mine: Definition;
}

/**
 * What became of saving. `key`: the key at hand may not. `changed`: somebody else has saved meanwhile, and what is named was
 * not saved over. `metric`: the definition that was refused.
 */
export type SaveOutcome =
  | { status: "saved"; stored: Dashboard }
  | { status: "key"; message: string }
  | { status: "changed"; conflicts: Conflict[] }
  | { status: "refused"; message: string; metric?: string };

/** One definition on its way: what the draft has, what that was made of, what the catalog has. */
interface Write {
  kind: DefinitionKind;
  mine: Definition;
  base: Definition | undefined;
  now: Stored;
}

/** The draft's metrics that are not what they were made of. */
export function changedMetrics({ metrics }: Draft, bases: Bases): MetricSource[] {
  return Object.values(metrics).filter((metric) => !isSameJson(metric, named(bases.metrics, metric.name)));
}

/** The bases once what others have made is known: saving on them saves over it. */
export function withStored(bases: Bases, conflicts: readonly Conflict[]): Bases {
  const metrics = new Map(Object.entries(bases.metrics));
  let { dashboard } = bases;
  for (const { kind, name, stored } of conflicts) {
    if (kind === "metrics") metrics.set(name, stored);
    else dashboard = stored as Dashboard | undefined;
  }
  return { dashboard, metrics: Object.fromEntries(metrics) };
}

/** The draft with what others have made in place of its own: at once, however long the page's catalog takes to have it. */
export function withTheirs(draft: Draft, conflicts: readonly Conflict[]): Draft {
  const metrics = new Map(Object.entries(draft.metrics));
  let { dashboard } = draft;
  for (const { kind, name, stored } of conflicts) {
    if (kind === "dashboards") dashboard = (stored as Dashboard | undefined) ?? dashboard;
    else if (stored === undefined || isViewSource(stored)) metrics.delete(name);
    else metrics.set(name, stored as MetricSource);
  }
  return { dashboard, metrics: Object.fromEntries(metrics) };
}

/**
 * Puts a draft into the catalog, its metrics and its dashboard together: all of it or, where one is refused, nothing. Each
 * is written only in place of what it was made of: the catalog sees to that, whoever comes in between. Again is safe.
 */
export async function save(
  draft: Draft,
  bases: Bases,
  requests: Pick<Requests, "stored" | "change">,
): Promise<SaveOutcome> {
  let writes: Write[] = [];
  try {
    writes = await Promise.all(
      wantedBy(draft, bases).map(async (write) => {
        return { ...write, now: await requests.stored(write.kind, write.mine.name) };
      }),
    );
    const gone = await goneFrom(draft, bases, requests);
    const conflicts = [...writes.filter(isChanged).map(conflictOf), ...gone];
    if (conflicts.length > 0) return { status: "changed", conflicts };
    const made = writes.length === 0 ? [] : await requests.change(writes.map(changeOf));
    const stored = made.find(({ kind }) => kind === "dashboards")?.put;
    return {
      status: "saved",
      stored: (stored as Dashboard | undefined) ?? bases.dashboard ?? draft.dashboard,
    };
  } catch (error) {
    if (!(error instanceof RequestError)) throw error;
    return failed(error, writes, requests);
  }
}

/** What the draft has saved before and shows, and somebody else has removed: without it its panels would be empty. */
async function goneFrom(draft: Draft, bases: Bases, requests: Pick<Requests, "stored">): Promise<Conflict[]> {
  const changed = changedMetrics(draft, bases);
  const saved = Object.values(draft.metrics).filter((metric) => !changed.includes(metric));
  const conflicts = saved.map(async (mine): Promise<Conflict[]> => {
    const { definition } = await requests.stored("metrics", mine.name);
    return definition === undefined ? [{ kind: "metrics", name: mine.name, stored: undefined, mine }] : [];
  });
  return (await Promise.all(conflicts)).flat();
}

/** Where nobody on the way has left a tag, the last one wins. */
function changeOf({ kind, mine, now: { definition, tag } }: Write): CatalogChangeRequest {
  const change = { kind, name: mine.name, put: mine };
  if (definition === undefined) return { ...change, ifNoneMatch: "*" };
  return tag === undefined ? change : { ...change, ifMatch: tag };
}

function wantedBy(draft: Draft, bases: Bases): Omit<Write, "now">[] {
  const metrics = changedMetrics(draft, bases).map((mine) => {
    return { kind: "metrics", mine, base: named(bases.metrics, mine.name) } as const;
  });
  const { dashboard: mine } = draft;
  const { dashboard: base } = bases;
  return isSameJson(mine, base) ? metrics : [...metrics, { kind: "dashboards", mine, base }];
}

/** What is as it was, or already as it shall be, is in nobody's way. */
function isChanged({ mine, base, now }: Write): boolean {
  return !isSameJson(now.definition, base) && !isSameJson(now.definition, mine);
}

function conflictOf({ kind, mine, now }: Write): Conflict {
  return { kind, name: mine.name, stored: now.definition, mine };
}

async function failed(
  refusal: RequestError,
  writes: readonly Write[],
  requests: Pick<Requests, "stored">,
): Promise<SaveOutcome> {
  const { message, status, isRefusal } = refusal;
  if (isRefusal) return { status: "key", message };
  const at = refusal instanceof RefusedChangeError ? writes[refusal.change.index] : undefined;
  if (at === undefined) return { status: "refused", message };
  if (status !== 412) {
    return { status: "refused", message, ...(at.kind === "metrics" ? { metric: at.mine.name } : {}) };
  }
  const now = await requests.stored(at.kind, at.mine.name).catch(() => at.now);
  return { status: "changed", conflicts: [conflictOf({ ...at, now })] };
}
