import type { Group } from "../protocol/series.ts";

/** What one socket wants. */
export interface Subscription {
  /** The client's name for it. */
  id: string;
  metric: string;
  /** How much of the past its snapshots hold. */
  rangeMs: number;
  /** Only groups that match one of these. */
  groups?: Group[];
}

/** What hibernation keeps of a socket: at most 16 KiB. */
interface Attachment {
  version: 1;
  subscriptions: Subscription[];
}

/**
 * The subscriptions of a hub's sockets, found by metric. What counts is in the sockets' attachments, which outlive
 * the object's memory; the index is rebuilt from them.
 */
export class Subscriptions {
  readonly #byMetric = new Map<string, Map<WebSocket, Subscription[]>>();

  constructor(sockets: readonly WebSocket[]) {
    for (const socket of sockets)
      for (const subscription of attached(socket)) this.#index(socket, subscription);
  }

  /** A socket's subscriptions. */
  of(socket: WebSocket): Subscription[] {
    return attached(socket);
  }

  /** Who wants a metric; undefined: nobody. */
  to(metric: string): ReadonlyMap<WebSocket, readonly Subscription[]> | undefined {
    return this.#byMetric.get(metric);
  }

  /** Adds a subscription; false when the attachment would exceed what hibernation keeps. */
  add(socket: WebSocket, subscription: Subscription): boolean {
    if (!attach(socket, [...attached(socket), subscription])) return false;
    this.#index(socket, subscription);
    return true;
  }

  remove(socket: WebSocket, id: string): void {
    const subscriptions = attached(socket);
    const gone = subscriptions.find((subscription) => subscription.id === id);
    if (gone === undefined) return;
    attach(
      socket,
      subscriptions.filter((subscription) => subscription !== gone),
    );
    const bySocket = this.#byMetric.get(gone.metric);
    const left = (bySocket?.get(socket) ?? []).filter((subscription) => subscription.id !== id);
    if (left.length > 0) bySocket?.set(socket, left);
    else this.#forget(gone.metric, socket);
  }

  /** Forgets a socket that is closed. */
  drop(socket: WebSocket): void {
    for (const metric of this.#byMetric.keys()) this.#forget(metric, socket);
  }

  get count(): number {
    let count = 0;
    for (const bySocket of this.#byMetric.values())
      for (const list of bySocket.values()) count += list.length;
    return count;
  }

  #index(socket: WebSocket, subscription: Subscription): void {
    const bySocket = this.#byMetric.get(subscription.metric) ?? new Map<WebSocket, Subscription[]>();
    bySocket.set(socket, [...(bySocket.get(socket) ?? []), subscription]);
    this.#byMetric.set(subscription.metric, bySocket);
  }

  #forget(metric: string, socket: WebSocket): void {
    const bySocket = this.#byMetric.get(metric);
    bySocket?.delete(socket);
    if (bySocket?.size === 0) this.#byMetric.delete(metric);
  }
}

/** Attachments are read defensively: another version may have written them. */
function attached(socket: WebSocket): Subscription[] {
  const attachment = socket.deserializeAttachment() as Partial<Attachment> | null;
  return attachment?.version === 1 && Array.isArray(attachment.subscriptions) ? attachment.subscriptions : [];
}

function attach(socket: WebSocket, subscriptions: Subscription[]): boolean {
  try {
    socket.serializeAttachment({ version: 1, subscriptions } satisfies Attachment);
    return true;
  } catch {
    return false;
  }
}
