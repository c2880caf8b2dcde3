import { alertFault } from "../../../protocol/alert.ts";
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
    ...broken(stored, byKey(wanted), before, prune ? undefined : after),
    ...tooMany("metrics", before, after),
    ...tooMany("alerts", before, after),
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

/** Fields of the files' dashboards that are misspelt, most likely: the catalog takes the rest. */
export function unknownFields(wanted: readonly FileDefinition[]): string[] {
  return wanted.flatMap(({ unknown = [], at }) =>
    unknown.map((path) => `${at}: unknown field '${path}'; it is not kept`),
  );
}

/** Views and alerts that the files leave as they are, and that were sound before. */
function broken(stored: readonly Definition[], wanted: ByKey, before: ByKey, after?: ByKey): string[] {
  if (after === undefined) return [];
  return stored
    .filter((one) => !wanted.has(keyOf(one)) && faultOf(one, before) === undefined)
    .flatMap((one) =>
      sentence(`the server's ${one.kind} '${one.name}', which is in no file`, faultOf(one, after)),
    );
}

const BOUNDS = {
  metrics: { what: "metrics and views", most: LIMITS.metricsPerProject },
  alerts: { what: "alerts", most: LIMITS.alertsPerProject },
};

function tooMany(shelf: keyof typeof BOUNDS, before: ByKey, after: ByKey): string[] {
  const { what, most } = BOUNDS[shelf];
  const [held, would] = [before, after].map(
    (all) => [...all.values()].filter((definition) => shelfOf(definition) === shelf).length,
  ) as [number, number];
  if (would <= Math.max(most, held)) return [];
  return [`the server has ${held} ${what} and would have ${would}; the bound is ${most}`];
}

function faultOf({ view, alert }: Definition, known: ByKey): string | undefined {
  const metricOf = (name: string): Metric | undefined => known.get(`metrics/${name}`)?.metric;
  const viewOf = (name: string) => known.get(`metrics/${name}`)?.view;
  if (view !== undefined) return viewFault(view, metricOf);
  return alert && alertFault(alert, { metricOf, viewOf });
}

function sentence(at: string, fault: string | undefined): string[] {
  return fault === undefined ? [] : [`${at}: ${fault}`];
}

function byKey(definitions: readonly Definition[]): ByKey {
  return new Map(definitions.map((definition) => [keyOf(definition), definition]));
}
