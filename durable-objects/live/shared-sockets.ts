import { type Group, isGroupList } from "../../protocol/series.ts";
import { allowedGroups, type ShareScope } from "../../protocol/share.ts";
import { refuseSocket, shareTag } from "./socket-grants.ts";

/** `live_shares`: what the sockets of share links may see, and until when. */
const SCHEMA = `
  CREATE TABLE IF NOT EXISTS live_shares (
    id TEXT PRIMARY KEY, expires_ms INTEGER NOT NULL, scope TEXT NOT NULL
  ) WITHOUT ROWID;
`;

/** The header in which the edge tells a hub what a share token grants. Whatever a client sends in it is overwritten. */
export const SHARE_HEADER = "x-freshet-share";

/** What a share token grants, on its way to a hub. */
export interface SocketShare {
  id: string;
  scope: ShareScope;
  expiresMs: number;
}

/** What a socket may subscribe to. */
export type Admission = { ok: true; groups?: Group[] } | { ok: false; message: string };

export function encodeSocketShare(share: SocketShare): string {
  return encodeURIComponent(JSON.stringify(share));
}

/**
 * The sockets that were opened with share links, told by their tags, which outlive the hub's memory. An alarm closes them
 * when their link expires.
 */
export class SharedSockets {
  readonly #ctx: DurableObjectState;
  readonly #known = new Map<string, SocketShare>();

  constructor(ctx: DurableObjectState) {
    this.#ctx = ctx;
    ctx.storage.sql.exec(SCHEMA);
    const rows = ctx.storage.sql.exec<{ id: string; expires_ms: number; scope: string }>(
      "SELECT id, expires_ms, scope FROM live_shares",
    );
    for (const { id, expires_ms, scope } of rows) {
      this.#known.set(id, { id, expiresMs: expires_ms, scope: JSON.parse(scope) as ShareScope });
    }
  }

  /** The tags of a socket that a request opens: none of one with a key. */
  tagsOf(request: Request): string[] {
    const header = request.headers.get(SHARE_HEADER);
    if (header === null) return [];
    const share = JSON.parse(decodeURIComponent(header)) as SocketShare;
    if (!this.#known.has(share.id)) {
      this.#ctx.storage.sql.exec(
        "INSERT INTO live_shares VALUES (?, ?, ?)",
        share.id,
        share.expiresMs,
        JSON.stringify(share.scope),
      );
      this.#known.set(share.id, share);
      this.#setAlarm();
    }
    return [shareTag(share.id)];
  }

  /** Whether a socket may subscribe to a metric, and to which of the groups that it asks for. */
  admit(socket: WebSocket, metric: string, asked: readonly Group[] | undefined): Admission {
    const tag = this.#ctx.getTags(socket).find((each) => each.startsWith(shareTag("")));
    if (tag === undefined) return asked === undefined ? { ok: true } : { ok: true, groups: [...asked] };
    const scope = this.#known.get(tag.slice(shareTag("").length))?.scope;
    if (scope === undefined) return { ok: false, message: "the share link has ended" };
    if (!scope.metrics.includes(metric)) {
      return { ok: false, message: `the share link does not show '${metric}'` };
    }
    const groups = allowedGroups(asked, scope.groups);
    if (groups === undefined) return { ok: true };
    // An empty list would be no restriction at all.
    if (isGroupList(groups) && groups.length > 0) return { ok: true, groups };
    if (scope.groups === undefined) return { ok: true };
    return { ok: false, message: `the share link shows none of these groups of '${metric}'` };
  }

  /** A link has been revoked: its sockets are closed. */
  end(id: string, reason = "the share link has been revoked"): void {
    this.#known.delete(id);
    this.#ctx.storage.sql.exec("DELETE FROM live_shares WHERE id = ?", id);
    for (const socket of this.#ctx.getWebSockets(shareTag(id))) refuseSocket(socket, reason);
  }

  /** Closes the sockets of the links that have expired. */
  endExpired(nowMs: number): void {
    for (const { id, expiresMs } of this.#known.values()) {
      if (expiresMs <= nowMs) this.end(id, "the share link has expired");
    }
    this.#setAlarm();
  }

  #setAlarm(): void {
    const next = Math.min(...[...this.#known.values()].map(({ expiresMs }) => expiresMs));
    if (Number.isFinite(next)) this.#ctx.waitUntil(this.#ctx.storage.setAlarm(next));
  }
}
