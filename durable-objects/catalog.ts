import { DurableObject } from "cloudflare:workers";
import type { AlertSource } from "../protocol/alert.ts";
import type { Dashboard } from "../protocol/dashboard.ts";
import type { ShareLink, ShareScope } from "../protocol/share.ts";
import type { Silence, SilenceRequest } from "../protocol/silence.ts";
import {
  alertInputs,
  CatalogAlerts,
  type ProjectAlerts,
  type SilenceOutcome,
} from "./catalog/catalog-alerts.ts";
import {
  type CatalogChange,
  CatalogDefinitions,
  type DefinitionKind,
  type Refusal,
  type RefusedChange,
} from "./catalog/catalog-definitions.ts";
import { CatalogShares, type ShareGrant, type ShareRefusal } from "./catalog/catalog-shares.ts";
import type { Definitions, DefinitionSource } from "./catalog/definitions.ts";
import { type Env, settingsOf } from "./env.ts";
import { heldTags } from "./live/socket-grants.ts";
import type { RateLimit } from "./key-limiter.ts";
import type { Precondition } from "./catalog/precondition.ts";

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS keys (
    hash TEXT PRIMARY KEY, id TEXT NOT NULL, project TEXT NOT NULL, role TEXT NOT NULL, options TEXT NOT NULL
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

export type KeyOutcome = "stored" | "no_project" | "taken";

/**
 * Projects, keys (hashed), metrics and dashboards: one object for the deployment. It answers seldom, because the
 * edge and the readers keep what they were told; a change of a metric is told to every reader before it is confirmed.
 */
export class Catalog extends DurableObject<Env> {
  readonly #alerts: CatalogAlerts;
  readonly #definitions: CatalogDefinitions;
  readonly #shares: CatalogShares;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    ctx.storage.sql.exec(SCHEMA);
    this.#alerts = new CatalogAlerts(ctx.storage.sql);
    this.#definitions = new CatalogDefinitions(ctx.storage, this.#alerts);
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
   * Makes all changes of definitions, or none where one is refused, and tells whoever has to know: readers and window
   * objects. Events sent after this returns are folded by what is defined then. The same changes again are safe.
   */
  async change(project: string, changes: readonly CatalogChange[]): Promise<RefusedChange | undefined> {
    const refused = this.#definitions.change(project, changes, Date.now());
    if (refused !== undefined) return refused;
    const rules = changes.filter(({ kind }) => kind === "alerts");
    // A rule that goes with its metric ends for that reason; one that comes finds its metric there.
    if (rules.some(({ source }) => source === undefined)) await this.#tellAlerts(project);
    if (changes.some(({ kind }) => kind === "metrics")) await this.#tell(project);
    if (rules.some(({ source }) => source !== undefined)) await this.#tellAlerts(project);
    return undefined;
  }

  /** Removes a definition; false when there is none of this name. */
  async remove(
    project: string,
    kind: DefinitionKind,
    name: string,
    precondition: Precondition = {},
  ): Promise<boolean | Refusal> {
    const existed = this.#definitions.text(project, kind, name) !== undefined;
    return (await this.change(project, [{ kind, name, precondition }]))?.refusal ?? existed;
  }

  /** Stores a metric or view. */
  async putMetric(project: string, source: DefinitionSource): Promise<"stored" | Refusal> {
    const { name } = source;
    return (await this.change(project, [{ kind: "metrics", name, source }]))?.refusal ?? "stored";
  }

  /** A definition, or null where there is none of this name. */
  definition(project: string, kind: DefinitionKind, name: string): object | null {
    const text = this.#definitions.text(project, kind, name);
    return text === undefined ? null : (JSON.parse(text) as object);
  }

  metrics(project: string): DefinitionSource[] {
    return this.#definitions.metrics(project);
  }

  dashboards(project: string): Dashboard[] {
    return this.#definitions.dashboards(project);
  }

  alerts(project: string): AlertSource[] {
    return this.#alerts.list(project);
  }

  /** The project's metrics in the engine's terms. */
  definitions(project: string): Definitions {
    return this.#definitions.definitions(project);
  }

  /** The project's rules in the engine's terms, and their silences. */
  alertsOf(project: string): ProjectAlerts {
    return this.#alerts.ofProject(project, Date.now());
  }

  /** Silences an alert rule, once every window object knows of it. */
  async putSilence(project: string, request: SilenceRequest): Promise<SilenceOutcome> {
    const outcome = this.#alerts.silence(project, request, alertInputs(this.metrics(project)), Date.now());
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

  /** Objects that hear of it late ask for themselves when they are next told of definitions. */
  async #tellAlerts(project: string): Promise<void> {
    const objects = new Set([project, ...this.#definitions.placements(project)]);
    await Promise.all(Array.from(objects, (name) => this.env.METRIC_WINDOW.getByName(name).refreshAlerts()));
  }

  /** Readers are told first: a window object that knows a new version takes no range folded with an older one. */
  async #tell(project: string): Promise<void> {
    const { partitions } = settingsOf(this.env);
    const readers = Array.from({ length: partitions }, (_, p) =>
      this.env.PARTITION_READER.getByName(String(p)),
    );
    await Promise.all(readers.map((reader) => reader.forget(project)));
    const untold = this.#definitions.untold(project);
    const objects = new Set([project, ...untold, ...this.#definitions.placements(project)]);
    await Promise.all(Array.from(objects, (name) => this.env.METRIC_WINDOW.getByName(name).redefine()));
    for (const object of untold) this.#definitions.told(project, object);
  }

  #rows<Row extends Record<string, SqlStorageValue>>(query: string, ...bindings: SqlStorageValue[]): Row[] {
    return this.ctx.storage.sql.exec<Row>(query, ...bindings).toArray();
  }
}
