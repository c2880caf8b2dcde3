import { COMPACT_SUBPROTOCOL } from "../../protocol/live.ts";
import type { Group } from "../../protocol/series.ts";
import { Credit } from "./credit.ts";
import { tagOf } from "./live-frame.ts";

/** What one socket wants, as hibernation keeps it. */
export interface Wanted {
  /** The client's name for it. */
  id: string;
  metric: string;
  /** How much of the past its snapshots hold. */
  rangeMs: number;
  /** Only groups that match one of these. */
  groups?: Group[];
  /** Frames a second, at most. */
  maxRate?: number;
  /** Life and sequence of the snapshot that it was given; absent: it is to be given one. */
  since?: [life: number, sequence: number];
  /** Frames are missing at the client that were not sent for its slowness. */
  isBehind?: boolean;
}

/** What hibernation keeps of a socket: at most 16 KiB. */
interface Attachment {
  version: 2;
  subscriptions: Wanted[];
}

/** A subscription of a socket. */
export class Subscription {
  readonly wanted: Wanted;
  readonly session: Session;
  /** Equal for subscriptions of the same groups. */
  readonly groupsKey: string;
  /** {@link tagOf} what it shows. */
  readonly tag: string;
  /** What the client has been told of the life that {@link Wanted.since} names; undefined: all that the hub had before it slept. */
  sequence: number | undefined;
  /** How many numbers of groups the client was told. */
  known = 0;
  /** Before this it is sent nothing, for its `maxRate`. */
  dueMs = 0;
  /** The attempt to give it a snapshot that counts, if there is one. */
  serving: object | undefined;

  constructor(session: Session, wanted: Wanted) {
    this.session = session;
    this.wanted = wanted;
    this.groupsKey = wanted.groups === undefined ? "" : JSON.stringify(wanted.groups);
    this.tag = tagOf(wanted.metric, wanted.rangeMs, this.groupsKey);
  }
}

/** One socket: its subscriptions, and what may be sent to it. */
export class Session {
  readonly socket: WebSocket;
  readonly isCompact: boolean;
  readonly subscriptions = new Map<string, Subscription>();
  /** Undefined: the client does not say what it has taken. */
  credit: Credit | undefined;
  /** Bytes that it was sent since something was last heard of its client, as far as is known. */
  unheardBytes = 0;
  heardMs = Date.now();

  constructor(socket: WebSocket, isCompact: boolean) {
    this.socket = socket;
    this.isCompact = isCompact;
    for (const wanted of attached(socket)) {
      this.subscriptions.set(wanted.id, new Subscription(this, wanted));
    }
    if (isCompact) this.beginCredit();
  }

  /** From now on the client is asked what it has taken. */
  beginCredit(): void {
    this.credit ??= new Credit();
    this.credit.streams = Math.max(1, this.subscriptions.size);
  }

  /** Something came from the client. */
  heard(): void {
    this.heardMs = Date.now();
    this.unheardBytes = 0;
  }

  /** Whether another frame may go to it. */
  isReady(nowMs: number): boolean {
    return this.credit?.isReady(nowMs) !== false;
  }

  /** Writes down what is to outlive the hub's memory. */
  save(): void {
    if (this.credit !== undefined) this.credit.streams = Math.max(1, this.subscriptions.size);
    this.#write(Array.from(this.subscriptions.values(), ({ wanted }) => wanted));
  }

  /** Whether all that may ever have to be written down of its subscriptions can be: {@link save} is to follow. */
  hasRoom(): boolean {
    return this.#write(Array.from(this.subscriptions.values(), ({ wanted }) => largestOf(wanted)));
  }

  #write(subscriptions: Wanted[]): boolean {
    try {
      this.socket.serializeAttachment({ version: 2, subscriptions } satisfies Attachment);
      return true;
    } catch {
      return false;
    }
  }
}

/**
 * The sockets of a hub and their subscriptions, found by metric. What counts is in the sockets' attachments, which outlive
 * the object's memory; this is rebuilt from them.
 */
export class Subscriptions {
  readonly #sessions = new Map<WebSocket, Session>();
  readonly #byMetric = new Map<string, Set<Subscription>>();

  constructor(ctx: Pick<DurableObjectState, "getWebSockets">) {
    const compact = new Set(ctx.getWebSockets(COMPACT_SUBPROTOCOL));
    for (const socket of ctx.getWebSockets()) this.open(socket, compact.has(socket));
  }

  get sockets(): number {
    return this.#sessions.size;
  }

  get count(): number {
    let count = 0;
    for (const subscriptions of this.#byMetric.values()) count += subscriptions.size;
    return count;
  }

  get all(): Subscription[] {
    return [...this.#byMetric.values()].flatMap((subscriptions) => [...subscriptions]);
  }

  get sessions(): Iterable<Session> {
    return this.#sessions.values();
  }

  open(socket: WebSocket, isCompact: boolean): void {
    const session = new Session(socket, isCompact);
    this.#sessions.set(socket, session);
    for (const subscription of session.subscriptions.values()) this.#index(subscription);
  }

  of(socket: WebSocket): Session | undefined {
    return this.#sessions.get(socket);
  }

  /** Who wants a metric. */
  to(metric: string): ReadonlySet<Subscription> {
    return this.#byMetric.get(metric) ?? new Set();
  }

  /** Adds a subscription; undefined: the socket's attachment would exceed what hibernation keeps. */
  add(session: Session, wanted: Wanted): Subscription | undefined {
    const subscription = new Subscription(session, wanted);
    session.subscriptions.set(wanted.id, subscription);
    const fits = session.hasRoom();
    if (!fits) session.subscriptions.delete(wanted.id);
    session.save();
    if (!fits) return undefined;
    this.#index(subscription);
    return subscription;
  }

  /** @returns the subscription that is no more. */
  remove(session: Session, id: string): Subscription | undefined {
    const subscription = session.subscriptions.get(id);
    if (subscription === undefined) return undefined;
    session.subscriptions.delete(id);
    session.save();
    this.#forget(subscription);
    return subscription;
  }

  /** Forgets a socket that is closed. @returns its subscriptions. */
  drop(socket: WebSocket): Subscription[] {
    const subscriptions = [...(this.#sessions.get(socket)?.subscriptions.values() ?? [])];
    this.#sessions.delete(socket);
    for (const subscription of subscriptions) this.#forget(subscription);
    return subscriptions;
  }

  #index(subscription: Subscription): void {
    const { metric } = subscription.wanted;
    const subscriptions = this.#byMetric.get(metric) ?? new Set();
    subscriptions.add(subscription);
    this.#byMetric.set(metric, subscriptions);
  }

  #forget(subscription: Subscription): void {
    subscription.serving = undefined;
    const { metric } = subscription.wanted;
    const subscriptions = this.#byMetric.get(metric);
    subscriptions?.delete(subscription);
    if (subscriptions?.size === 0) this.#byMetric.delete(metric);
  }
}

/** A subscription when most is kept of it. Each has an array of its own: one that is written twice takes less room. */
function largestOf(wanted: Wanted): Wanted {
  return { ...wanted, since: [Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER], isBehind: true };
}

/** Attachments are read defensively: another version may have written them. */
function attached(socket: WebSocket): Wanted[] {
  const attachment = socket.deserializeAttachment() as Partial<Attachment> | null;
  return attachment?.version === 2 && Array.isArray(attachment.subscriptions) ? attachment.subscriptions : [];
}
