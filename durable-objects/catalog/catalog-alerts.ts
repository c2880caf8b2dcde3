import {
  type AlertInputs,
  type AlertSource,
  alertFault,
  alertsAlike,
  parseAlert,
} from "../../protocol/alert.ts";
import { LIMITS } from "../../protocol/limits.ts";
import type { Silence, SilenceRequest } from "../../protocol/silence.ts";
import { CatalogSilences } from "./catalog-silences.ts";
import { type DefinitionSource, parseDefinitions } from "./definitions.ts";
import type { DefinedAlert } from "../engine/alerts/alert-set.ts";
import { newWebhookSecret } from "../storage/webhook-client.ts";

/** `version` of a project rises with each change of its rules, silences or secrets; `secrets` is JSON, the newest first. */
const SCHEMA = `
  CREATE TABLE IF NOT EXISTS alerts (
    project TEXT NOT NULL, name TEXT NOT NULL, defined_ms INTEGER NOT NULL, source TEXT NOT NULL,
    PRIMARY KEY (project, name)
  ) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS alert_projects (
    project TEXT PRIMARY KEY, version INTEGER NOT NULL, secrets TEXT NOT NULL
  ) WITHOUT ROWID;
`;

/** Secrets that notifications are signed with: the current one and the one before. */
const KEPT_SECRETS = 2;

/** The rules of a project at one version, their silences, and what their notifications are signed with. */
export interface ProjectAlerts {
  version: number;
  defined: DefinedAlert[];
  silences: Silence[];
  secrets: string[];
}

/** A change that would leave a rule without its metric, or a rule that has none. */
export interface AlertFault {
  alert: string;
  message: string;
}

export type AlertOutcome = "stored" | "too_many" | AlertFault;

export type SilenceOutcome = Silence | "unknown_alert" | "too_many" | AlertFault;

/** The alert rules that the catalog holds, their silences, and each project's signing secrets. */
export class CatalogAlerts {
  readonly #sql: SqlStorage;
  readonly #silences: CatalogSilences;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
    sql.exec(SCHEMA);
    this.#silences = new CatalogSilences(sql);
  }

  /** The same rule again changes nothing; one that differs only in its webhook goes on. */
  put(project: string, source: AlertSource, inputs: AlertInputs, nowMs: number): AlertOutcome {
    const rule = parseAlert(source.name, source);
    if (!rule.ok) return { alert: source.name, message: rule.message };
    const fault = alertFault(rule.value, inputs);
    if (fault !== undefined) return { alert: source.name, message: fault };
    const before = this.#defined(project).find((each) => each.rule.name === source.name);
    const isNew = before === undefined;
    if (isNew && this.list(project).length >= LIMITS.alertsPerProject) return "too_many";
    const body = JSON.stringify(source);
    if (!isNew && JSON.stringify(this.get(project, source.name)) === body) return "stored";
    const goesOn = !isNew && alertsAlike(before.rule, rule.value);
    this.#sql.exec(
      "INSERT OR REPLACE INTO alerts VALUES (?, ?, ?, ?)",
      project,
      source.name,
      goesOn ? before.definedMs : nowMs,
      body,
    );
    this.#changed(project, this.#secretsOf(project));
    return "stored";
  }

  /** False when there is none of this name. */
  delete(project: string, name: string): boolean {
    const gone =
      this.#sql.exec("DELETE FROM alerts WHERE project = ? AND name = ?", project, name).rowsWritten > 0;
    if (!gone) return false;
    this.#silences.deleteOf(project, name);
    this.#changed(project, this.#secretsOf(project));
    return true;
  }

  /** Silences a rule, or gives the silence of the same groups another end and comment. */
  silence(project: string, request: SilenceRequest, inputs: AlertInputs, nowMs: number): SilenceOutcome {
    const { alert, groups } = request;
    const rule = this.#defined(project).find((each) => each.rule.name === alert)?.rule;
    if (rule === undefined) return "unknown_alert";
    const fault = groups && alertFault({ ...rule, groups }, inputs);
    if (fault !== undefined) return { alert, message: fault };
    const silence = this.#silences.put(project, request, nowMs);
    if (silence === undefined) return "too_many";
    this.#changed(project, this.#secretsOf(project));
    return silence;
  }

  /** Lifts a silence; false when there is none of this id. */
  lift(project: string, id: string): boolean {
    const gone = this.#silences.delete(project, id);
    if (gone) this.#changed(project, this.#secretsOf(project));
    return gone;
  }

  /** Silences in force, the next to end first. */
  silences(project: string, nowMs: number): Silence[] {
    return this.#silences.list(project, nowMs);
  }

  list(project: string): AlertSource[] {
    return this.#rows(project).map(({ source }) => JSON.parse(source) as AlertSource);
  }

  get(project: string, name: string): AlertSource | null {
    return this.list(project).find((source) => source.name === name) ?? null;
  }

  /** What window objects evaluate. */
  ofProject(project: string, nowMs: number): ProjectAlerts {
    const row = this.#project(project);
    if (row === undefined) return { version: -1, defined: [], silences: [], secrets: [] };
    return {
      version: row.version,
      defined: this.#defined(project),
      silences: this.silences(project, nowMs),
      secrets: JSON.parse(row.secrets) as string[],
    };
  }

  /** What notifications are signed with; made where there is none yet. */
  secret(project: string): string {
    const secrets = this.#secretsOf(project);
    if (this.#project(project) === undefined) this.#changed(project, secrets);
    return secrets[0] ?? "";
  }

  /** Makes a new secret. Until the next one, notifications are signed with that before too. */
  rotateSecret(project: string): string {
    const secrets = [newWebhookSecret(), ...this.#secretsOf(project)].slice(0, KEPT_SECRETS);
    this.#changed(project, secrets);
    return secrets[0] ?? "";
  }

  /** The rule that cannot be evaluated over these metrics. */
  fault(project: string, inputs: AlertInputs): AlertFault | undefined {
    for (const { rule } of this.#defined(project)) {
      const message = alertFault(rule, inputs);
      if (message !== undefined) return { alert: rule.name, message };
    }
    return undefined;
  }

  #defined(project: string): DefinedAlert[] {
    return this.#rows(project).flatMap(({ name, defined_ms, source }) => {
      const rule = parseAlert(name, JSON.parse(source));
      return rule.ok ? [{ rule: rule.value, definedMs: defined_ms }] : [];
    });
  }

  #secretsOf(project: string): string[] {
    const row = this.#project(project);
    return row === undefined ? [newWebhookSecret()] : (JSON.parse(row.secrets) as string[]);
  }

  #changed(project: string, secrets: readonly string[]): void {
    const version = (this.#project(project)?.version ?? 0) + 1;
    const body = JSON.stringify(secrets);
    this.#sql.exec("INSERT OR REPLACE INTO alert_projects VALUES (?, ?, ?)", project, version, body);
  }

  #project(project: string): { version: number; secrets: string } | undefined {
    return this.#sql
      .exec<{ version: number; secrets: string }>(
        "SELECT version, secrets FROM alert_projects WHERE project = ?",
        project,
      )
      .toArray()[0];
  }

  #rows(project: string): { name: string; defined_ms: number; source: string }[] {
    return this.#sql
      .exec<{ name: string; defined_ms: number; source: string }>(
        "SELECT name, defined_ms, source FROM alerts WHERE project = ? ORDER BY name",
        project,
      )
      .toArray();
  }
}

/** The metrics and views that rules are evaluated over. */
export function alertInputs(sources: readonly DefinitionSource[]): AlertInputs {
  const { metrics, views } = parseDefinitions(sources.map((source) => ({ revision: 0, source })));
  const metricByName = new Map(metrics.map(({ metric }) => [metric.name, metric]));
  const viewByName = new Map(views.map(({ view }) => [view.name, view]));
  return { metricOf: (name) => metricByName.get(name), viewOf: (name) => viewByName.get(name) };
}
