import { LIMITS } from "../../../protocol/limits.ts";
import type { Metric } from "../../../protocol/metric.ts";
import { inputsOf, viewFault } from "../../../protocol/view.ts";
import { type Definition, keyOf, shelfOf } from "./definition.ts";
import type { FileDefinition } from "./parse-files.ts";

type ByKey = ReadonlyMap<string, Definition>;

/** What keeps the files from being applied to a server that holds `stored`: a sentence each. */
export function faultsAgainst(
  wanted: readonly FileDefinition[],
  stored: readonly Definition[],
  prune: boolean,
): string[] {
  const before = byKey(stored);
  const after = byKey(prune ? wanted : [...stored, ...wanted]);
  return [
    ...wanted.flatMap((definition) => sentence(definition.at, faultOf(definition, after))),
    ...brokenViews(stored, byKey(wanted), before, prune ? undefined : after),
    ...tooMany(wanted, before),
  ];
}

/** What is wrong with the views whose metrics the files have, whatever a server may hold. */
export function faultsAmong(wanted: readonly FileDefinition[]): string[] {
  const known = byKey(wanted);
  return wanted
    .filter(({ view }) => view !== undefined && inputsOf(view).every((name) => known.has(`metrics/${name}`)))
    .flatMap((definition) => sentence(definition.at, faultOf(definition, known)));
}

/** Panels of the files' dashboards that would show nothing: no metric has that name. The catalog takes them. */
export function emptyPanels(
  wanted: readonly FileDefinition[],
  stored: readonly Definition[],
  prune: boolean,
): string[] {
  const after = byKey(prune ? wanted : [...stored, ...wanted]);
  return wanted.flatMap(({ dashboard, at }) => {
    const drawn = new Set(dashboard?.panels.map(({ metric }) => metric));
    const missing = [...drawn].filter((name) => !after.has(`metrics/${name}`));
    return missing.map((name) => `${at} draws '${name}', and no metric has that name`);
  });
}

/** Views that the files leave as they are, and that were sound before. */
function brokenViews(stored: readonly Definition[], wanted: ByKey, before: ByKey, after?: ByKey): string[] {
  if (after === undefined) return [];
  return stored
    .filter((view) => !wanted.has(keyOf(view)) && faultOf(view, before) === undefined)
    .flatMap((view) =>
      sentence(`the server's view '${view.name}', which is in no file`, faultOf(view, after)),
    );
}

function tooMany(wanted: readonly FileDefinition[], before: ByKey): string[] {
  const isMetric = (definition: Definition) => shelfOf(definition) === "metrics";
  const held = [...before.values()].filter(isMetric).length;
  const added = wanted.filter((definition) => isMetric(definition) && !before.has(keyOf(definition))).length;
  if (added === 0 || held + added <= LIMITS.metricsPerProject) return [];
  // What is pruned goes last, so that nothing is missing on the way.
  return [
    `the server has ${held} metrics and views and would get ${added} more; the bound is ${LIMITS.metricsPerProject}`,
  ];
}

function faultOf({ view }: Definition, known: ByKey): string | undefined {
  const metricOf = (name: string): Metric | undefined => known.get(`metrics/${name}`)?.metric;
  return view === undefined ? undefined : viewFault(view, metricOf);
}

function sentence(at: string, fault: string | undefined): string[] {
  return fault === undefined ? [] : [`${at}: ${fault}`];
}

function byKey(definitions: readonly Definition[]): ByKey {
  return new Map(definitions.map((definition) => [keyOf(definition), definition]));
}
