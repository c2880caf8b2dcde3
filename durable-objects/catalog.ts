import { DurableObject } from "cloudflare:workers";
import type { AlertSource } from "../protocol/alert.ts";
import type { Dashboard } from "../protocol/dashboard.ts";
import { LIMITS } from "../protocol/limits.ts";
import type { ShareLink, ShareScope } from "../protocol/share.ts";
import { seriesName } from "../protocol/prometheus-names.ts";
import type { Silence, SilenceRequest } from "../protocol/silence.ts";
import {
  type AlertFault,
  type AlertOutcome,
  CatalogAlerts,
  type ProjectAlerts,
  type SilenceOutcome,
} from "./catalog-alerts.ts";
import { CatalogShares, type ShareGrant, type ShareRefusal } from "./catalog-shares.ts";
import {
  type Definitions,
  type DefinitionSource,
  meanTheSame,
  parseDefinitions,
  type ViewFault,
  viewFaultAfter,
} from "./definitions.ts";
import { type Env, settingsOf } from "./env.ts";
import { placementsOf } from "./engine/placement.ts";
import { heldTags } from "./live/socket-grants.ts";
import type { RateLimit } from "./key-limiter.ts";
import { type Precondition, type Unmet, unmet } from "./precondition.ts";

/**
 * `version` of a project rises with each change of its metrics; a metric's `revision` is the version that made it.
 * `untold` are window objects that a change took metrics from, until they have been told of it.
 */
const SCHEMA = `
  CREATE TABLE IF NOT EXISTS projects (name TEXT PRIMARY KEY, version INTEGER NOT NULL) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS keys (
    hash TEXT PRIMARY KEY, id TEXT NOT NULL, project TEXT NOT NULL, role TEXT NOT NULL, options TEXT NOT NULL
  ) WITHOUT ROWID;
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
  CREATE TABLE IF NOT EXISTS batchers (name TEXT PRIMARY KEY) WITHOUT ROWID;
`;

export type KeyRole = "write" | "read" | "admin";

/** A link's token that was made, or why none was. */
export type MintOutcome = (ShareLink & { token: string }) | "too_many";

/** What may restrict a key. */
export interface KeyOptions {
  /** Origins whose pages may use it; absent: any, and none at all. */
  origins?: string[];
  rateLimit?: RateLimit;
}

/** What a key grants, or the token of a share link. */
export interface Grant extends KeyOptions {
  keyId: string;
  project: string;
  role: KeyRole | "share";
  /** Of a share link's token alone. */
  share?: ShareGrant;
}

/** What became of a definition; `series_taken`: another metric is the Prometheus series that it would be. */
export type MetricOutcome = "stored" | "too_many" | "series_taken" | ViewFault | AlertFault | Unmet;

export type KeyOutcome = "stored" | "no_project" | "taken";

/**
 * Projects, keys (hashed), metrics and dashboards: one object for the deployment. It answers seldom, because the
 * edge and the readers keep what they were told; a change of a metric is told to every reader before it is confirmed.
 */
export class Catalog extends DurableObject<Env> {
  readonly #alerts: CatalogAlerts;
  readonly #shares: CatalogShares;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    ctx.storage.sql.exec(SCHEMA);
    this.#alerts = new CatalogAlerts(ctx.storage.sql);
    this.#shares = new CatalogShares(ctx.storage.sql);
  }

  /** The grant of the key with this SHA-256 (hex), or null. */
  authorize(hash: string): Grant | null {
    const row = this.#rows<{ id: string; project: string; role: KeyRole; options: string }>(
      "SELECT id, project, role, options FROM keys WHERE hash = ?",
      hash,
    )[0];
    if (row === undefined) return null;
    return {
      keyId: row.id,
      project: row.project,
      role: row.role,
      ...(JSON.parse(row.options) as KeyOptions),
    };
  }

  /** The grant of a share link's token, or why it grants nothing. */
  async authorizeShare(token: string): Promise<Grant | ShareRefusal> {
    const share = await this.#shares.check(token, Date.now());
    if (typeof share === "string") return share;
    return { keyId: `share:${share.id}`, project: share.project, role: "share", share };
  }

  /** Makes a share link. */
  async mintShare(project: string, scope: ShareScope, expiresInMs: number): Promise<MintOutcome> {
    return (await this.#shares.mint(project, scope, expiresInMs, Date.now())) ?? "too_many";
  }

  shares(project: string): ShareLink[] {
    return this.#shares.list(project, Date.now());
  }

  /** Ends a share link and closes what is open by it; false when there is none of this id. */
  async revokeShare(project: string, id: string): Promise<boolean> {
    const existed = this.#shares.revoke(project, id);
    await this.env.LIVE_HUB.getByName(project).endShare(id);
    return existed;
  }

  /** Creates a project; one that exists stays as it is. */
  putProject(project: string): void {
    this.ctx.storage.sql.exec("INSERT OR IGNORE INTO projects VALUES (?, 0)", project);
  }

  projects(): string[] {
    return this.#rows<{ name: string }>("SELECT name FROM projects ORDER BY name").map(({ name }) => name);
  }

  /**
   * Creates a key, or replaces the project's key of the same id. `taken`: another key has this secret. The key of a
   * page is public, and whoever has seen it shall not make it a key of his own project.
   */
  async putKey(
    project: string,
    id: string,
    hash: string,
    role: KeyRole,
    options: KeyOptions,
  ): Promise<KeyOutcome> {
    if (!this.projects().includes(project)) return "no_project";
    const holder = this.authorize(hash);
    if (holder !== null && (holder.project !== project || holder.keyId !== id)) return "taken";
    const before = this.ctx.storage.transactionSync(() => {
      const removed = this.#removeKey(project, id);
      const body = JSON.stringify(options);
      this.ctx.storage.sql.exec("INSERT INTO keys VALUES (?, ?, ?, ?, ?)", hash, id, project, role, body);
      return removed;
    });
    await this.#endSockets(project, before);
    return "stored";
  }

  /** Removes a key and closes what is open by it; false when there is none of this id. */
  async deleteKey(project: string, id: string): Promise<boolean> {
    const removed = this.#removeKey(project, id);
    await this.#endSockets(project, removed);
    return removed !== undefined;
  }

  /** Those of the tags of live sockets that still stand for a key or a link by which the project may be read. */
  heldGrants(project: string, tags: string[]): string[] {
    return heldTags(tags, {
      key: (hash) => this.#mayRead(project, hash),
      share: (id) => this.#shares.has(project, id),
    });
  }

  /**
   * Stores a metric and tells every reader and window object. Events sent after this returns are folded by it.
   * The same definition again changes nothing; one of the same meaning keeps its revision, and so its windows.
   */
  async putMetric(
    project: string,
    source: DefinitionSource,
    precondition: Precondition = {},
  ): Promise<MetricOutcome> {
    const row = this.#rows<{ source: string; revision: number }>(
      "SELECT source, revision FROM metrics WHERE project = ? AND name = ?",
      project,
      source.name,
    )[0];
    const body = JSON.stringify(source);
    const fault =
      unmet(precondition, row?.source, body) ??
      viewFaultAfter(this.metrics(project), source.name, source) ??
      this.#alertFaultAfter(project, source.name, source);
    if (fault !== undefined) return fault;
    if (row === undefined && this.#isSeriesTaken(project, source.name)) return "series_taken";
    if (row === undefined && this.metrics(project).length >= LIMITS.metricsPerProject) return "too_many";
    if (row?.source !== body) {
      this.#noteUntold(project);
      const version = this.#nextVersion(project);
      const goesOn = row !== undefined && meanTheSame(JSON.parse(row.source) as DefinitionSource, source);
      this.ctx.storage.sql.exec(
        "INSERT OR REPLACE INTO metrics VALUES (?, ?, ?, ?)",
        project,
        source.name,
        goesOn ? row.revision : version,
        body,
      );
    }
    await this.#tell(project);
    return "stored";
  }

  /** Removes a metric and tells every reader and window object; false when there is none of this name. */
  async deleteMetric(
    project: string,
    name: string,
    precondition: Precondition = {},
  ): Promise<boolean | ViewFault | AlertFault | Unmet> {
    const stored = this.metric(project, name);
    const fault =
      unmet(precondition, stored === null ? undefined : JSON.stringify(stored)) ??
      viewFaultAfter(this.metrics(project), name) ??
      this.#alertFaultAfter(project, name);
    if (fault !== undefined) return fault;
    this.#noteUntold(project);
    const existed = this.#changes("DELETE FROM metrics WHERE project = ? AND name = ?", project, name);
    if (existed) this.#nextVersion(project);
    await this.#tell(project);
    return existed;
  }

  metric(project: string, name: string): DefinitionSource | null {
    const rows = this.#rows<{ source: string }>(
      "SELECT source FROM metrics WHERE project = ? AND name = ?",
      project,
      name,
    );
    return rows[0] === undefined ? null : (JSON.parse(rows[0].source) as DefinitionSource);
  }

  metrics(project: string): DefinitionSource[] {
    const rows = this.#rows<{ source: string }>(
      "SELECT source FROM metrics WHERE project = ? ORDER BY name",
      project,
    );
    return rows.map(({ source }) => JSON.parse(source) as DefinitionSource);
  }

  /** The project's metrics in the engine's terms. */
  definitions(project: string): Definitions {
    const version = this.#rows<{ version: number }>("SELECT version FROM projects WHERE name = ?", project)[0]
      ?.version;
    const rows = this.#rows<{ revision: number; source: string }>(
      "SELECT revision, source FROM metrics WHERE project = ? ORDER BY name",
      project,
    );
    const sources = rows.map(({ revision, source }) => ({
      revision,
      source: JSON.parse(source) as DefinitionSource,
    }));
    return { version: version ?? 0, ...parseDefinitions(sources) };
  }

  /** Stores an alert rule and tells the window objects: each looks at windows that close from then on. */
  async putAlert(project: string, source: AlertSource): Promise<AlertOutcome> {
    const outcome = this.#alerts.put(project, source, this.metrics(project), Date.now());
    if (outcome === "stored") await this.#tellAlerts(project);
    return outcome;
  }

  /** Removes an alert rule; false when there is none of this name. */
  async deleteAlert(project: string, name: string): Promise<boolean> {
    const existed = this.#alerts.delete(project, name);
    await this.#tellAlerts(project);
    return existed;
  }

  alerts(project: string): AlertSource[] {
    return this.#alerts.list(project);
  }

  /** The project's rules in the engine's terms, and their silences. */
  alertsOf(project: string): ProjectAlerts {
    return this.#alerts.ofProject(project, Date.now());
  }

  /** Silences an alert rule, once every window object knows of it. */
  async putSilence(project: string, request: SilenceRequest): Promise<SilenceOutcome> {
    const outcome = this.#alerts.silence(project, request, this.metrics(project), Date.now());
    if (typeof outcome === "object" && "id" in outcome) await this.#tellAlerts(project);
    return outcome;
  }

  /** Lifts a silence; false when there is none of this id. */
  async liftSilence(project: string, id: string): Promise<boolean> {
    const existed = this.#alerts.lift(project, id);
    await this.#tellAlerts(project);
    return existed;
  }

  /** Silences in force. */
  silences(project: string): Silence[] {
    return this.#alerts.silences(project, Date.now());
  }

  /** What the project's notifications are signed with; `renew` makes another. */
  async webhookSecret(project: string, renew: boolean): Promise<string> {
    const secret = renew ? this.#alerts.rotateSecret(project) : this.#alerts.secret(project);
    if (renew) await this.#tellAlerts(project);
    return secret;
  }

  /** Stores a dashboard, unless the precondition does not hold. */
  putDashboard(project: string, dashboard: Dashboard, precondition: Precondition = {}): "stored" | Unmet {
    const body = JSON.stringify(dashboard);
    const fault = unmet(precondition, this.#dashboard(project, dashboard.name), body);
    if (fault !== undefined) return fault;
    this.ctx.storage.sql.exec(
      "INSERT OR REPLACE INTO dashboards VALUES (?, ?, ?)",
      project,
      dashboard.name,
      body,
    );
    return "stored";
  }

  /** Removes a dashboard, unless the precondition does not hold; false when there is none of this name. */
  deleteDashboard(project: string, name: string, precondition: Precondition = {}): boolean | Unmet {
    const fault = unmet(precondition, this.#dashboard(project, name));
    if (fault !== undefined) return fault;
    return this.#changes("DELETE FROM dashboards WHERE project = ? AND name = ?", project, name);
  }

  dashboards(project: string): Dashboard[] {
    const rows = this.#rows<{ body: string }>(
      "SELECT body FROM dashboards WHERE project = ? ORDER BY name",
      project,
    );
    return rows.map(({ body }) => JSON.parse(body) as Dashboard);
  }

  registerBatcher(name: string): void {
    this.ctx.storage.sql.exec("INSERT OR IGNORE INTO batchers VALUES (?)", name);
  }

  batchers(): string[] {
    return this.#rows<{ name: string }>("SELECT name FROM batchers ORDER BY name").map(({ name }) => name);
  }

  /** Removes a key; its hash, or undefined when there is none of this id. */
  #removeKey(project: string, id: string): string | undefined {
    const query = "DELETE FROM keys WHERE project = ? AND id = ? RETURNING hash";
    return this.#rows<{ hash: string }>(query, project, id)[0]?.hash;
  }

  #mayRead(project: string, hash: string): boolean {
    const grant = this.authorize(hash);
    return grant?.project === project && grant.role !== "write";
  }

  /** Closes the live sockets of a key that may not read any more. Hubs that cannot be told will ask: see `SocketGrants`. */
  async #endSockets(project: string, hash: string | undefined): Promise<void> {
    if (hash === undefined || this.#mayRead(project, hash)) return;
    await this.env.LIVE_HUB.getByName(project)
      .endKey(hash)
      .catch(() => undefined);
  }

  /** A dashboard's JSON text. */
  #dashboard(project: string, name: string): string | undefined {
    const query = "SELECT body FROM dashboards WHERE project = ? AND name = ?";
    return this.#rows<{ body: string }>(query, project, name)[0]?.body;
  }

  #alertFaultAfter(project: string, name: string, source?: DefinitionSource): AlertFault | undefined {
    const kept = this.metrics(project).filter((each) => each.name !== name);
    return this.#alerts.faultAfter(project, source === undefined ? kept : [...kept, source]);
  }

  /** Objects that hear of it late ask for themselves when they are next told of definitions. */
  async #tellAlerts(project: string): Promise<void> {
    const objects = new Set([project, ...this.#placements(project)]);
    await Promise.all(Array.from(objects, (name) => this.env.METRIC_WINDOW.getByName(name).refreshAlerts()));
  }

  #isSeriesTaken(project: string, name: string): boolean {
    return this.metrics(project).some((other) => seriesName(other.name) === seriesName(name));
  }

  #nextVersion(project: string): number {
    this.ctx.storage.sql.exec("UPDATE projects SET version = version + 1 WHERE name = ?", project);
    return (
      this.#rows<{ version: number }>("SELECT version FROM projects WHERE name = ?", project)[0]?.version ?? 0
    );
  }

  /** Readers are told first: a window object that knows a new version takes no range folded with an older one. */
  async #tell(project: string): Promise<void> {
    const { partitions } = settingsOf(this.env);
    const readers = Array.from({ length: partitions }, (_, p) =>
      this.env.PARTITION_READER.getByName(String(p)),
    );
    await Promise.all(readers.map((reader) => reader.forget(project)));
    const rows = this.#rows<{ object: string }>("SELECT object FROM untold WHERE project = ?", project);
    const untold = rows.map(({ object }) => object);
    const objects = new Set([project, ...untold, ...this.#placements(project)]);
    await Promise.all(Array.from(objects, (name) => this.env.METRIC_WINDOW.getByName(name).redefine()));
    for (const object of untold) {
      this.ctx.storage.sql.exec("DELETE FROM untold WHERE project = ? AND object = ?", project, object);
    }
  }

  /** In one transaction with the change: whoever has a metric now is told, however often that is interrupted. */
  #noteUntold(project: string): void {
    for (const object of this.#placements(project)) {
      this.ctx.storage.sql.exec("INSERT OR IGNORE INTO untold VALUES (?, ?)", project, object);
    }
  }

  /** Names of the project's window objects. */
  #placements(project: string): string[] {
    return placementsOf(project, this.definitions(project).metrics).map(({ name }) => name);
  }

  #rows<Row extends Record<string, SqlStorageValue>>(query: string, ...bindings: SqlStorageValue[]): Row[] {
    return this.ctx.storage.sql.exec<Row>(query, ...bindings).toArray();
  }

  #changes(query: string, ...bindings: SqlStorageValue[]): boolean {
    return this.ctx.storage.sql.exec(query, ...bindings).rowsWritten > 0;
  }
}
