import { type ErrorMessage, REFUSAL_CLOSE_CODES } from "../../protocol/live.ts";

/** The header in which the edge tells a hub the hash of the key that opens a socket. Whatever a client sends in it is overwritten. */
export const KEY_HEADER = "x-freshet-key-hash";
const KEY_TAG = "key:";
const SHARE_TAG = "share:";
/** How long a hub goes on with what the catalog last said of its sockets' keys and links, while frames come. */
const CHECK_EVERY_MS = 60_000;
const CHECKED_MS = "grantsCheckedMs";

/** The tag of a socket that was opened with a share link. */
export function shareTag(id: string): string {
  return SHARE_TAG + id;
}

/** Those of `tags` that `isHeld` for: `hash` of a key, or `id` of a share link. */
export function heldTags(
  tags: readonly string[],
  isHeld: { key: (hash: string) => boolean; share: (id: string) => boolean },
): string[] {
  return tags.filter((tag) =>
    tag.startsWith(KEY_TAG)
      ? isHeld.key(tag.slice(KEY_TAG.length))
      : tag.startsWith(SHARE_TAG) && isHeld.share(tag.slice(SHARE_TAG.length)),
  );
}

/** Says why, and closes: whoever has understood does not come back with the same key. */
export function refuseSocket(socket: WebSocket, message: string): void {
  try {
    socket.send(JSON.stringify({ type: "error", code: "unauthorized", message } satisfies ErrorMessage));
    socket.close(REFUSAL_CLOSE_CODES.unauthorized, message);
  } catch {
    // Closed already.
  }
}

/**
 * By which key or share link each socket of a hub was opened, told by tags, which outlive the hub's memory. A hub is told of what
 * is removed. What it was not told, or what was opened a moment later by an edge that had not heard of it, is found by asking:
 * with a frame or a subscription, at most once a minute, so that nothing wakes a hub for it.
 */
export class SocketGrants {
  readonly #ctx: DurableObjectState;
  readonly #askHeld: (tags: string[]) => Promise<string[]>;
  #checkedMs: number;

  /** @param askHeld which of the tags still stand for something that may read the project. */
  constructor(ctx: DurableObjectState, askHeld: (tags: string[]) => Promise<string[]>) {
    this.#ctx = ctx;
    this.#askHeld = askHeld;
    this.#checkedMs = ctx.storage.kv.get<number>(CHECKED_MS) ?? 0;
  }

  /** The tags of a socket that a request opens: none of one with a share link. */
  tagsOf(request: Request): string[] {
    const hash = request.headers.get(KEY_HEADER);
    return hash === null ? [] : [KEY_TAG + hash];
  }

  /** A key has been removed: its sockets are closed. */
  endKey(hash: string): void {
    this.#end(KEY_TAG + hash);
  }

  /** Closes the sockets of what the catalog does not know any more. */
  async check(nowMs: number): Promise<void> {
    if (nowMs - this.#checkedMs < CHECK_EVERY_MS) return;
    const tags = new Set(this.#ctx.getWebSockets().flatMap((socket) => grantTags(this.#ctx, socket)));
    if (tags.size === 0) return;
    this.#checkedMs = nowMs;
    this.#ctx.storage.kv.put(CHECKED_MS, nowMs);
    // A catalog that does not answer is asked again after a minute: a socket is not closed for that.
    const held = new Set(await this.#askHeld([...tags]).catch(() => tags));
    for (const tag of tags) if (!held.has(tag)) this.#end(tag);
  }

  #end(tag: string): void {
    const message = tag.startsWith(KEY_TAG) ? "the key has been removed" : "the share link has been revoked";
    for (const socket of this.#ctx.getWebSockets(tag)) refuseSocket(socket, message);
  }
}

function grantTags(ctx: DurableObjectState, socket: WebSocket): string[] {
  return ctx.getTags(socket).filter((tag) => tag.startsWith(KEY_TAG) || tag.startsWith(SHARE_TAG));
}
