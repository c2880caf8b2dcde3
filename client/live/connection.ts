import { decodeFrame, type NamedGroups } from "../../protocol/live-binary.ts";
import {
  type ClientMessage,
  type DeltaMessage,
  type ErrorMessage,
  REFUSAL_CLOSE_CODES,
  type ServerMessage,
  type SnapshotMessage,
  type SubscribeMessage,
} from "../../protocol/live.ts";
import type { Group } from "../../protocol/series.ts";

/** What one subscriber asks for. */
export interface SeriesRequest {
  metric: string;
  range: string;
  /** Only groups that match one of these. */
  groups?: Group[];
  /** Frames a second, at most. */
  maxRate?: number;
}

/** Where a subscription's messages go. */
export interface SeriesHandler {
  /** `recovered`: its points are to be laid over the picture there is; else they take its place. */
  snapshot(message: SnapshotMessage): void;
  delta(message: DeltaMessage): void;
  error(message: ErrorMessage): void;
}

/** Where the connection stands. `reconnects` counts the connections after the first. */
export interface ConnectionState {
  phase: "connecting" | "open" | "waiting" | "closed";
  reconnects: number;
  /** When the next attempt is made, on the environment's clock, while waiting. */
  retryAtMs?: number;
  /** Why the server refuses, when it has said so and trying again is useless. */
  refusal?: Refusal;
}

/** The key is not known any more, or may not do this: the connection is closed, and another key is needed. */
export interface Refusal {
  code: keyof typeof REFUSAL_CLOSE_CODES;
  /** The server's words. */
  message: string;
}

/** The part of a WebSocket that the connection uses. */
export interface ConnectionSocket {
  send(text: string): void;
  close(): void;
}

export interface SocketEvents {
  open(): void;
  message(data: string | Uint8Array): void;
  close(code: number, reason: string): void;
}

/** Everything that the connection cannot know by itself, so that tests can say it. */
export interface ConnectionEnvironment {
  connect(events: SocketEvents): ConnectionSocket;
  nowMs(): number;
  random(): number;
  /** Runs `task` after `ms`; the result cancels it. */
  after(ms: number, task: () => void): () => void;
}

interface Subscription {
  request: SeriesRequest;
  handler: SeriesHandler;
  cursor?: string;
  /** Numbers of groups that the server has named on this connection. */
  names: NamedGroups;
}

const PING_EVERY_MS = 20_000;
/** Silence after a ping that means that the connection is dead, though nobody has said so. */
const PONG_WITHIN_MS = 8_000;
/** The same when the page comes back from sleep: then a dead connection is likely, and somebody is looking. */
const PONG_AFTER_WAKE_MS = 2_500;
const CONNECT_WITHIN_MS = 10_000;
const BACKOFF_FIRST_MS = 500;
const BACKOFF_MOST_MS = 15_000;
/** A connection that has lasted this long ends the backoff; one that is closed at once does not. */
const STABLE_AFTER_MS = 5_000;
/** A metric that is missing now may be defined a moment later. */
const RETRY_ERROR_MS = 10_000;
/** Policy violation, RFC 6455: what others use for it. */
const POLICY_VIOLATION = 1008;

/**
 * One connection for all subscriptions: holds them, and holds them again after every loss, from the last cursor on. It tells
 * the server what it has taken, so that one who is slow is sent less.
 */
export class LiveConnection {
  readonly #environment: ConnectionEnvironment;
  readonly #onState: (state: ConnectionState) => void;
  readonly #subscriptions = new Map<string, Subscription>();
  readonly #cancels = new Map<"connect" | "retry" | "ping" | "pong" | "stable", () => void>();
  readonly #retries = new Map<string, () => void>();
  #state: ConnectionState = { phase: "closed", reconnects: 0 };
  #socket: ConnectionSocket | undefined;
  /** Grows with each socket: what an abandoned one still says is ignored. */
  #generation = 0;
  #failures = 0;
  #wasOpen = false;
  #nextId = 1;
  #unacknowledged = 0;

  constructor(environment: ConnectionEnvironment, onState: (state: ConnectionState) => void) {
    this.#environment = environment;
    this.#onState = onState;
  }

  get state(): ConnectionState {
    return this.#state;
  }

  /** Opens the connection; it stays until {@link close}, or until the server refuses for good. Then this tries again. */
  start(): void {
    if (this.#state.phase === "closed") this.#connect();
  }

  /** Ends everything. */
  close(): void {
    this.#drop();
    this.#cancelRetries();
    this.#setState({ phase: "closed" });
  }

  /** Asks for a metric; the result takes the subscription back. */
  subscribe(request: SeriesRequest, handler: SeriesHandler): () => void {
    const id = `s${this.#nextId++}`;
    const subscription: Subscription = { request, handler, names: noNames() };
    this.#subscriptions.set(id, subscription);
    if (this.#state.phase === "open") this.#sendSubscribe(id, subscription);
    return () => this.#unsubscribe(id);
  }

  /** The network is back or the page is seen again: no waiting, and no trust in a connection that may have died. */
  wake(): void {
    if (this.#state.phase === "waiting") {
      this.#failures = 0;
      this.#connect();
    } else if (this.#state.phase === "open") {
      this.#ping(PONG_AFTER_WAKE_MS);
    }
  }

  /** The network is gone: a connection that seems open is not waited for, and is tried anew as after any other loss. */
  offline(): void {
    if (this.#state.phase === "open") this.#lost();
  }

  #connect(): void {
    this.#drop();
    this.#setState({ phase: "connecting" });
    const generation = ++this.#generation;
    const ifCurrent = (act: () => void): void => {
      if (generation === this.#generation) act();
    };
    this.#timer("connect", CONNECT_WITHIN_MS, () => this.#lost());
    this.#socket = this.#environment.connect({
      open: () => ifCurrent(() => this.#opened()),
      message: (data) => ifCurrent(() => this.#received(data)),
      close: (code, reason) => ifCurrent(() => this.#closed(code, reason)),
    });
  }

  #opened(): void {
    this.#stop("connect");
    const reconnects = this.#state.reconnects + (this.#wasOpen ? 1 : 0);
    this.#wasOpen = true;
    this.#setState({ phase: "open", reconnects });
    this.#cancelRetries();
    this.#timer("stable", STABLE_AFTER_MS, () => (this.#failures = 0));
    this.#timer("ping", PING_EVERY_MS, () => this.#ping(PONG_WITHIN_MS));
    this.#unacknowledged = 0;
    for (const [id, subscription] of this.#subscriptions) {
      subscription.names = noNames();
      this.#sendSubscribe(id, subscription);
    }
  }

  #closed(code: number, reason: string): void {
    const { unauthorized, forbidden } = REFUSAL_CLOSE_CODES;
    if (code !== unauthorized && code !== forbidden && code !== POLICY_VIOLATION) return this.#lost();
    const message = reason === "" ? `the server refused (${code})` : reason;
    this.#refused({ code: code === forbidden ? "forbidden" : "unauthorized", message });
  }

  #refused(refusal: Refusal): void {
    this.#drop();
    this.#cancelRetries();
    this.#setState({ phase: "closed", refusal });
  }

  #lost(): void {
    this.#drop();
    const ceiling = Math.min(BACKOFF_MOST_MS, BACKOFF_FIRST_MS * 2 ** this.#failures++);
    // Full jitter: a thousand pages that lost one server do not come back in one moment.
    const waitMs = Math.round(this.#environment.random() * ceiling);
    this.#setState({ phase: "waiting", retryAtMs: this.#environment.nowMs() + waitMs });
    this.#timer("retry", waitMs, () => this.#connect());
  }

  /** Leaves the socket without waiting for its goodbye: on a dead network that takes minutes. */
  #drop(): void {
    this.#generation++;
    for (const cancel of this.#cancels.values()) cancel();
    this.#cancels.clear();
    this.#socket?.close();
    this.#socket = undefined;
  }

  #ping(withinMs: number): void {
    this.#socket?.send("ping");
    this.#timer("pong", withinMs, () => this.#lost());
    this.#timer("ping", PING_EVERY_MS, () => this.#ping(PONG_WITHIN_MS));
  }

  #received(data: string | Uint8Array): void {
    // Whatever arrives proves that the connection lives.
    this.#stop("pong");
    if (data === "pong") return;
    const message = this.#parse(data);
    if (message === undefined) return;
    const subscription = message.id === undefined ? undefined : this.#subscriptions.get(message.id);
    if (message.type === "error") return this.#failed(message, subscription);
    try {
      if (subscription !== undefined) deliver(message, subscription);
    } finally {
      // Whatever a handler throws: a server that waits for the word sends nothing more.
      this.#acknowledge(message);
    }
  }

  /** The server's message; undefined for what this version does not know, which is left alone. */
  #parse(data: string | Uint8Array): ServerMessage | undefined {
    if (typeof data === "string") return parseText(data);
    try {
      return decodeFrame(data, (id) => this.#subscriptions.get(id)?.names);
    } catch {
      // Nothing that came before is worth keeping when a frame cannot be read: begin anew.
      for (const subscription of this.#subscriptions.values()) delete subscription.cursor;
      this.#lost();
      return undefined;
    }
  }

  /** Says what was taken when the server asks, after it was taken: one who is slow is slow to say so. */
  #acknowledge({ ack }: SnapshotMessage | DeltaMessage): void {
    this.#unacknowledged++;
    if (ack !== true) return;
    this.#send({ type: "ack", frames: this.#unacknowledged });
    this.#unacknowledged = 0;
  }

  #failed(message: ErrorMessage, subscription: Subscription | undefined): void {
    const { id, code, message: text } = message;
    // The close that follows may take its time.
    if (id === undefined && (code === "unauthorized" || code === "forbidden")) {
      return this.#refused({ code, message: text });
    }
    if (id === undefined || subscription === undefined) return;
    if (code !== "bad_message" && code !== "too_many_subscriptions") {
      this.#retries.get(id)?.();
      const again = (): void => {
        this.#retries.delete(id);
        if (this.#state.phase === "open") this.#sendSubscribe(id, subscription);
      };
      this.#retries.set(id, this.#environment.after(RETRY_ERROR_MS, again));
    }
    // At last: it may end the subscription, or fail.
    subscription.handler.error(message);
  }

  #cancelRetries(): void {
    for (const cancel of this.#retries.values()) cancel();
    this.#retries.clear();
  }

  #sendSubscribe(id: string, { request, cursor }: Subscription): void {
    const message: SubscribeMessage = { type: "subscribe", id, ...request };
    if (cursor !== undefined) message.cursor = cursor;
    this.#send(message);
  }

  #send(message: ClientMessage): void {
    this.#socket?.send(JSON.stringify(message));
  }

  #unsubscribe(id: string): void {
    this.#retries.get(id)?.();
    this.#retries.delete(id);
    if (!this.#subscriptions.delete(id) || this.#state.phase !== "open") return;
    this.#send({ type: "unsubscribe", id });
  }

  #setState(change: Pick<ConnectionState, "phase"> & Partial<ConnectionState>): void {
    this.#state = { reconnects: this.#state.reconnects, ...change };
    this.#onState(this.#state);
  }

  #timer(name: "connect" | "retry" | "ping" | "pong" | "stable", ms: number, task: () => void): void {
    this.#stop(name);
    this.#cancels.set(name, this.#environment.after(ms, task));
  }

  #stop(name: "connect" | "retry" | "ping" | "pong" | "stable"): void {
    this.#cancels.get(name)?.();
    this.#cancels.delete(name);
  }
}

function deliver(message: SnapshotMessage | DeltaMessage, subscription: Subscription): void {
  subscription.cursor = message.cursor;
  if (message.type === "snapshot") subscription.handler.snapshot(message);
  else subscription.handler.delta(message);
}

function noNames(): NamedGroups {
  return { generation: -1, groups: new Map() };
}

function parseText(text: string): ServerMessage | undefined {
  try {
    const message = JSON.parse(text) as ServerMessage | null;
    return message !== null && typeof message === "object" && "type" in message ? message : undefined;
  } catch {
    return undefined;
  }
}
