import { decode, sign, verify } from "hono/jwt";
import { LIMITS } from "../../protocol/limits.ts";
import { isObject } from "../../protocol/result.ts";
import type { ShareLink, ShareScope } from "../../protocol/share.ts";

/** `shares` are the links that have not been revoked; their tokens are not kept. */
const SCHEMA = `
  CREATE TABLE IF NOT EXISTS shares (
    project TEXT NOT NULL, id TEXT NOT NULL, created_ms INTEGER NOT NULL, expires_ms INTEGER NOT NULL,
    scope TEXT NOT NULL, PRIMARY KEY (project, id)
  ) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS share_secrets (project TEXT PRIMARY KEY, secret TEXT NOT NULL) WITHOUT ROWID;
`;

const ISSUER = "freshet";
/** Whatever a token says of its algorithm: this one or none. */
const ALGORITHM = "HS256";

/** What a share token grants. */
export interface ShareGrant {
  project: string;
  id: string;
  scope: ShareScope;
  /** Epoch ms. */
  expiresMs: number;
}

export type ShareRefusal = "invalid" | "expired" | "revoked";

/**
 * Share links: JWTs, signed with a secret of each project that never leaves the catalog. Tokens are checked here, where
 * keys are, so that a revoked one is known; whoever asks may remember the answer as long as that of a key.
 */
export class CatalogShares {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
    sql.exec(SCHEMA);
  }

  /** Makes a link; undefined: the project has as many as it may. */
  async mint(
    project: string,
    scope: ShareScope,
    expiresInMs: number,
    nowMs: number,
  ): Promise<(ShareLink & { token: string }) | undefined> {
    this.#sql.exec("DELETE FROM shares WHERE project = ? AND expires_ms <= ?", project, nowMs);
    if (this.list(project, nowMs).length >= LIMITS.sharesPerProject) return undefined;
    const id = crypto.randomUUID();
    // Tokens know whole seconds.
    const createdS = Math.floor(nowMs / 1_000);
    const expiresS = Math.ceil((nowMs + expiresInMs) / 1_000);
    const body = JSON.stringify(scope);
    const link: ShareLink = { id, createdAt: nowMs, expiresAt: expiresS * 1_000, ...scope };
    this.#sql.exec("INSERT INTO shares VALUES (?, ?, ?, ?, ?)", project, id, nowMs, link.expiresAt, body);
    const claims = { iss: ISSUER, sub: project, jti: id, iat: createdS, exp: expiresS, scope: { ...scope } };
    return { ...link, token: await sign(claims, this.#secret(project), ALGORITHM) };
  }

  /** What a token grants, or why nothing. */
  async check(token: string, nowMs: number): Promise<ShareGrant | ShareRefusal> {
    const project = projectOf(token);
    const secret = project === undefined ? undefined : this.#knownSecret(project);
    if (project === undefined || secret === undefined) return "invalid";
    let claims: Record<string, unknown>;
    try {
      // Times are looked at below: only of what is signed, and by the clock that is given.
      claims = await verify(token, secret, {
        alg: ALGORITHM,
        iss: ISSUER,
        exp: false,
        iat: false,
        nbf: false,
      });
    } catch {
      return "invalid";
    }
    const { jti, exp, scope } = claims;
    if (typeof jti !== "string" || typeof exp !== "number" || !isObject(scope)) return "invalid";
    if (exp * 1_000 <= nowMs) return "expired";
    if (!this.has(project, jti)) return "revoked";
    return { project, id: jti, scope: scope as unknown as ShareScope, expiresMs: exp * 1_000 };
  }

  /** Whether there is a link of this id that has not been revoked. */
  has(project: string, id: string): boolean {
    const rows = this.#sql.exec("SELECT 1 FROM shares WHERE project = ? AND id = ?", project, id);
    return rows.toArray().length > 0;
  }

  /** The links that have not expired, the newest first. */
  list(project: string, nowMs: number): ShareLink[] {
    const rows = this.#sql.exec<{ id: string; created_ms: number; expires_ms: number; scope: string }>(
      `SELECT id, created_ms, expires_ms, scope FROM shares WHERE project = ? AND expires_ms > ?
       ORDER BY created_ms DESC, id`,
      project,
      nowMs,
    );
    return Array.from(rows, ({ id, created_ms, expires_ms, scope }) => ({
      id,
      createdAt: created_ms,
      expiresAt: expires_ms,
      ...(JSON.parse(scope) as ShareScope),
    }));
  }

  /** False when there is none of this id. */
  revoke(project: string, id: string): boolean {
    return this.#sql.exec("DELETE FROM shares WHERE project = ? AND id = ?", project, id).rowsWritten > 0;
  }

  #secret(project: string): string {
    const known = this.#knownSecret(project);
    if (known !== undefined) return known;
    const secret = btoa(String.fromCharCode(...crypto.getRandomValues(new Uint8Array(32))));
    this.#sql.exec("INSERT INTO share_secrets VALUES (?, ?)", project, secret);
    return secret;
  }

  #knownSecret(project: string): string | undefined {
    const rows = this.#sql.exec<{ secret: string }>(
      "SELECT secret FROM share_secrets WHERE project = ?",
      project,
    );
    return rows.toArray()[0]?.secret;
  }
}

/** The project that a token says it is of: which secret it has to be signed with. */
function projectOf(token: string): string | undefined {
  try {
    const project: unknown = decode(token).payload["sub"];
    return typeof project === "string" ? project : undefined;
  } catch {
    return undefined;
  }
}
