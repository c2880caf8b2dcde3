import type { AlertInputs, AlertSource } from "../../protocol/alert.ts";
import type { Dashboard } from "../../protocol/dashboard.ts";
import { LIMITS } from "../../protocol/limits.ts";
import { seriesName } from "../../protocol/prometheus-names.ts";
import { type AlertFault, alertInputs, type CatalogAlerts } from "./catalog-alerts.ts";
import {
  type Definitions,
  type DefinitionSource,
  meanTheSame,
  parseDefinitions,
  type ViewFault,
  viewFaultAfter,
} from "./definitions.ts";
import { placementsOf } from "../engine/placement.ts";
import { type Precondition, type Unmet, unmet } from "./precondition.ts";

/**
 * `version` of a project rises with each change of its metrics; a metric's `revision` is the version that made it.
 * `untold` are window objects that a change took metrics from, until they have been told of it.
 */
const SCHEMA = `
  CREATE TABLE IF NOT EXISTS projects (name TEXT PRIMARY KEY, version INTEGER NOT NULL) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS metrics (
    project TEXT NOT NULL, name TEXT NOT NULL, revision INTEGER NOT NULL, source TEXT NOT NULL,
    PRIMARY KEY (project, name)
  ) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS dashboards (
    project TEXT NOT NULL, name TEXT NOT NULL, body TEXT NOT NULL, PRIMARY KEY (project, name)
  ) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS untold (
    project TEXT NOT NULL, object TEXT NOT NULL, PRIMARY KEY (project, object)
  ) WITHOUT ROWID;
`;

/** What a definition is of: the catalog's path. Metrics and views share one set of names. */
export type DefinitionKind = "metrics" | "dashboards" | "alerts";

/** One definition to store, or to remove where there is no `source`. */
export type CatalogChange = { name: string; precondition?: Precondition } & (
  | { kind: "metrics"; source?: DefinitionSource }
  | { kind: "dashboards"; source?: Dashboard }
  | { kind: "alerts"; source?: AlertSource }
);

/** Why a definition is not changed; `series_taken`: another metric is the Prometheus series that it would be. */
export type Refusal = "too_many" | "series_taken" | ViewFault | AlertFault | Unmet;

/** The change that is refused, by its place, and with it all the others. */
export interface RefusedChange {
  index: number;
  refusal: Refusal;
}

/** Metrics, views and dashboards of all projects, and the way in which they are changed, with the alert rules. */
export class CatalogDefinitions {
  readonly #storage: DurableObjectStorage;
  readonly #alerts: CatalogAlerts;

  constructor(storage: DurableObjectStorage, alerts: CatalogAlerts) {
    this.#storage = storage;
    this.#alerts = alerts;
    storage.sql.exec(SCHEMA);
  }

  /**
   * Makes all changes, or none where one is refused. What depends on what is judged by what there is in the end, so that
   * a metric and the views of it may change together. The same changes again change nothing.
   */
  change(project: string, changes: readonly CatalogChange[], nowMs: number): RefusedChange | undefined {
    let refused: RefusedChange | undefined;
    try {
      this.#storage.transactionSync(() => {
        refused = this.#make(project, changes, nowMs);
        if (refused !== undefined) throw new RolledBack();
      });
    } catch (error) {
      if (!(error instanceof RolledBack)) throw error;
    }
    return refused;
  }

  /** A definition's JSON text. */
  text(project: string, kind: DefinitionKind, name: string): string | undefined {
    if (kind === "alerts") {
      const rule = this.#alerts.get(project, name);
      return rule === null ? undefined : JSON.stringify(rule);
    }
    const [table, column] = kind === "metrics" ? ["metrics", "source"] : ["dashboards", "body"];
    const query = `SELECT ${column} AS text FROM ${table} WHERE project = ? AND name = ?`;
    return this.#rows<{ text: string }>(query, project, name)[0]?.text;
  }

  metrics(project: string): DefinitionSource[] {
    const query = "SELECT source FROM metrics WHERE project = ? ORDER BY name";
    return this.#rows<{ source: string }>(query, project).map(
      ({ source }) => JSON.parse(source) as DefinitionSource,
    );
  }

  dashboards(project: string): Dashboard[] {
    const query = "SELECT body FROM dashboards WHERE project = ? ORDER BY name";
    return this.#rows<{ body: string }>(query, project).map(({ body }) => JSON.parse(body) as Dashboard);
  }

  /** The project's metrics in the engine's terms. */
  definitions(project: string): Definitions {
    const query = "SELECT revision, source FROM metrics WHERE project = ? ORDER BY name";
    const sources = this.#rows<{ revision: number; source: string }>(query, project).map(
      ({ revision, source }) => ({ revision, source: JSON.parse(source) as DefinitionSource }),
    );
    return { version: this.#version(project), ...parseDefinitions(sources) };
  }

  /** Names of the project's window objects. */
  placements(project: string): string[] {
    return placementsOf(project, this.definitions(project).metrics).map(({ name }) => name);
  }

  /** Window objects that a change took metrics from, and that have not been told so. */
  untold(project: string): string[] {
    const query = "SELECT object FROM untold WHERE project = ?";
    return this.#rows<{ object: string }>(query, project).map(({ object }) => object);
  }

  told(project: string, object: string): void {
    this.#storage.sql.exec("DELETE FROM untold WHERE project = ? AND object = ?", project, object);
  }

  #make(project: string, changes: readonly CatalogChange[], nowMs: number): RefusedChange | undefined {
    const isNew = changes.map(({ kind, name }) => this.text(project, kind, name) === undefined);
    for (const [index, { kind, name, source, precondition = {} }] of changes.entries()) {
      const refusal = unmet(precondition, this.text(project, kind, name), source && JSON.stringify(source));
      if (refusal !== undefined) return { index, refusal };
    }
    const changesMetrics = changes.some(({ kind }) => kind === "metrics");
    if (changesMetrics) this.#noteUntold(project);
    for (const change of changes) this.#store(project, change);
    const metrics = this.metrics(project);
    const inputs = alertInputs(metrics);
    return (
      refusedMetric(metrics, changes, isNew) ??
      this.#putAlerts(project, changes, inputs, nowMs) ??
      (changesMetrics ? this.#brokenAlert(project, changes, inputs) : undefined)
    );
  }

  /** Rules are put when all else is as it shall be. */
  #putAlerts(
    project: string,
    changes: readonly CatalogChange[],
    inputs: AlertInputs,
    nowMs: number,
  ): RefusedChange | undefined {
    for (const [index, { kind, source }] of changes.entries()) {
      if (kind !== "alerts" || source === undefined) continue;
      const outcome = this.#alerts.put(project, source, inputs, nowMs);
      if (outcome !== "stored") return { index, refusal: outcome };
    }
    return undefined;
  }

  #brokenAlert(
    project: string,
    changes: readonly CatalogChange[],
    inputs: AlertInputs,
  ): RefusedChange | undefined {
    const refusal = this.#alerts.fault(project, inputs);
    if (refusal === undefined) return undefined;
    const metric = this.#alerts.get(project, refusal.alert)?.metric;
    const about = changes.findIndex(({ kind, name }) => kind === "metrics" && name === metric);
    return { index: about >= 0 ? about : changes.findIndex(({ kind }) => kind === "metrics"), refusal };
  }

  /** Stores or removes all but rules that are put. */
  #store(project: string, { kind, name, source }: CatalogChange): void {
    if (source !== undefined) {
      if (kind === "metrics") this.#putMetric(project, source);
      if (kind === "dashboards") {
        const body = JSON.stringify(source);
        this.#storage.sql.exec("INSERT OR REPLACE INTO dashboards VALUES (?, ?, ?)", project, name, body);
      }
    } else if (kind === "alerts") this.#alerts.delete(project, name);
    else {
      const query = `DELETE FROM ${kind} WHERE project = ? AND name = ?`;
      const { rowsWritten } = this.#storage.sql.exec(query, project, name);
      if (kind === "metrics" && rowsWritten > 0) this.#nextVersion(project);
    }
  }

  /** The same definition again changes nothing; one of the same meaning keeps its revision, and so its windows. */
  #putMetric(project: string, source: DefinitionSource): void {
    const query = "SELECT source, revision FROM metrics WHERE project = ? AND name = ?";
    const row = this.#rows<{ source: string; revision: number }>(query, project, source.name)[0];
    const body = JSON.stringify(source);
    if (row?.source === body) return;
    const version = this.#nextVersion(project);
    const goesOn = row !== undefined && meanTheSame(JSON.parse(row.source) as DefinitionSource, source);
    this.#storage.sql.exec(
      "INSERT OR REPLACE INTO metrics VALUES (?, ?, ?, ?)",
      project,
      source.name,
      goesOn ? row.revision : version,
      body,
    );
  }

  #version(project: string): number {
    const query = "SELECT version FROM projects WHERE name = ?";
    return this.#rows<{ version: number }>(query, project)[0]?.version ?? 0;
  }

  #nextVersion(project: string): number {
    this.#storage.sql.exec("UPDATE projects SET version = version + 1 WHERE name = ?", project);
    return this.#version(project);
  }

  /** In one transaction with the change: whoever has a metric now is told, however often that is interrupted. */
  #noteUntold(project: string): void {
    for (const object of this.placements(project)) {
      this.#storage.sql.exec("INSERT OR IGNORE INTO untold VALUES (?, ?)", project, object);
    }
  }

  #rows<Row extends Record<string, SqlStorageValue>>(query: string, ...bindings: SqlStorageValue[]): Row[] {
    return this.#storage.sql.exec<Row>(query, ...bindings).toArray();
  }
}

/** Ends a transaction of which nothing shall stay. */
class RolledBack extends Error {}

/** The change that leaves a view without its metric, or that is one metric too many. */
function refusedMetric(
  metrics: readonly DefinitionSource[],
  changes: readonly CatalogChange[],
  isNew: readonly boolean[],
): RefusedChange | undefined {
  const changed = new Map(changes.flatMap(({ kind, name }, i) => (kind === "metrics" ? [[name, i]] : [])));
  const fault = viewFaultAfter(metrics, changed);
  if (fault !== undefined) return { index: changed.get(fault.because) ?? 0, refusal: fault };
  const taken = new Map<string, string[]>();
  for (const { name } of metrics) taken.set(seriesName(name), [...(taken.get(seriesName(name)) ?? []), name]);
  for (const [name, index] of changed) {
    if (!(isNew[index] === true) || changes[index]?.source === undefined) continue;
    if ((taken.get(seriesName(name))?.length ?? 0) > 1) return { index, refusal: "series_taken" };
    if (metrics.length > LIMITS.metricsPerProject) return { index, refusal: "too_many" };
  }
  return undefined;
}
