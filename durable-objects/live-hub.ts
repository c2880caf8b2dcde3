import { DurableObject } from "cloudflare:workers";
import { LIMITS } from "../protocol/limits.ts";
import {
  COMPACT_SUBPROTOCOL,
  LIVE_SUBPROTOCOL,
  type LiveErrorCode,
  parseClientMessage,
  type SubscribeMessage,
} from "../protocol/live.ts";
import { parseDuration } from "../protocol/time.ts";
import { projectOf } from "./engine/placement.ts";
import { catalogOf, type Env, settingsOf } from "./env.ts";
import { ChildHubs } from "./live/child-hubs.ts";
import { nextHub, parentOf } from "./live/hub-tree.ts";
import type { LiveFrame } from "./live/live-frame.ts";
import type { EncodedFrame } from "./live/metric-feed.ts";
import { type Admission, SharedSockets } from "./live/shared-sockets.ts";
import { SocketGrants } from "./live/socket-grants.ts";
import { SubscriptionServer } from "./live/subscription-server.ts";
import { WatcherOutbox } from "./live/watcher-outbox.ts";
import { type Session, type Subscription, Subscriptions, type Wanted } from "./live/subscriptions.ts";
import { WatcherList } from "./window/watcher-list.ts";
import type { WindowAnswer } from "./window/window-query.ts";

/** Counters of one hub, for `/metrics`. Counts begin at 0 with each life of the object. */
export interface HubStats {
  hub: string;
  project: string;
  sockets: number;
  subscriptions: number;
  /** Metrics of which it keeps something. */
  metrics: number;
  /** Snapshots and deltas. */
  framesSent: number;
  bytesSent: number;
  /** Frames that others stand for, because their clients were slow or asked for few. */
  framesMerged: number;
  /** Snapshots and deltas that were encoded: the rest were the same bytes as another's. */
  framesEncoded: number;
  /** Subscriptions that went on from a cursor, and those that were given the whole picture. */
  resumed: number;
  snapshots: number;
  sendFailures: number;
  staleSockets: number;
  /** Whether it has turned sockets away: there is a next hub. */
  hasOverflowed: boolean;
}

type AdmissionByCode = Extract<Admission, { ok: true }> | { ok: false; code: LiveErrorCode; message: string };

/** Pings that are no message, and their answers. The runtime gives that to the first, and wakes no hub for it. */
const PONGS = new Map([
  ["ping", "pong"],
  ['"ping"', '"pong"'],
]);
/** Codes that the runtime makes up and that may not be sent. */
const RESERVED_CLOSE_CODES = new Set([1005, 1006, 1015]);
/** A client that has ever pinged and does not for so long is gone, though its socket says nothing of it. */
const STALE_MS = 180_000;
const SWEEP_EVERY_MS = 60_000;
/** A hub that is slow to take frames does not hold up the others for longer. */
const RELAY_WITHIN_MS = 5_000;

/**
 * WebSockets of one project, and hubs with more of them. Hibernates whenever nothing moves: subscriptions are in the
 * sockets' attachments, pings are answered by the runtime.
 */
export class LiveHub extends DurableObject<Env> {
  readonly #name: string;
  readonly #subscriptions: Subscriptions;
  readonly #server: SubscriptionServer;
  readonly #shared: SharedSockets;
  readonly #grants: SocketGrants;
  readonly #children: WatcherList;
  readonly #outbox: WatcherOutbox;
  #sweptMs = Date.now();
  readonly #counts = {
    framesSent: 0,
    bytesSent: 0,
    framesMerged: 0,
    framesEncoded: 0,
    sendFailures: 0,
    staleSockets: 0,
  };

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#name = ctx.id.name ?? "";
    ctx.setWebSocketAutoResponse(new WebSocketRequestResponsePair("ping", "pong"));
    const keepAlive = (task: Promise<void>): void => ctx.waitUntil(task);
    this.#subscriptions = new Subscriptions(ctx);
    this.#shared = new SharedSockets(ctx);
    this.#grants = new SocketGrants(ctx, (tags) => catalogOf(env).heldGrants(projectOf(this.#name), tags));
    this.#server = new SubscriptionServer({
      subscriptions: this.#subscriptions,
      watch: (metric, rangeMs) => this.#watch(metric, rangeMs),
      send: (subscription, frame) => this.#sendFrame(subscription, frame),
      refuse: ({ session, wanted }, code, message) => {
        this.#unsubscribe(session, wanted.id);
        this.#fail(session, code, message, wanted.id);
      },
      keepAlive,
    });
    this.#children = new WatcherList(new ChildHubs(ctx.storage.sql));
    this.#outbox = new WatcherOutbox({
      watchers: this.#children,
      deliver: (hub, frames) => env.LIVE_HUB.getByName(hub).deliver(frames),
      keepAlive,
    });
  }

  /** Accepts a socket, or answers 503 when there are enough. The edge has checked the key and the upgrade, and chosen the subprotocol. */
  override async fetch(request: Request): Promise<Response> {
    if (this.#subscriptions.sockets >= settingsOf(this.env).hubSockets) {
      this.ctx.storage.kv.put("overflowed", true);
      return new Response(null, { status: 503 });
    }
    const { 0: client, 1: server } = new WebSocketPair();
    const protocol = request.headers.get("sec-websocket-protocol");
    const isCompact = protocol === COMPACT_SUBPROTOCOL;
    const tag = isCompact ? COMPACT_SUBPROTOCOL : LIVE_SUBPROTOCOL;
    this.ctx.acceptWebSocket(server, [tag, ...this.#shared.tagsOf(request), ...this.#grants.tagsOf(request)]);
    this.#subscriptions.open(server, isCompact);
    const headers = new Headers();
    if (protocol !== null) headers.set("sec-websocket-protocol", protocol);
    return new Response(null, { status: 101, webSocket: client, headers });
  }

  /**
   * Takes frames, and sends what is new to whoever wants it. Resolves to the metrics among them that nobody does, once other
   * hubs have theirs: if this one is lost before, whoever sent them knows.
   *
   * @throws Error when a hub does not take them in time.
   */
  async deliver(frames: LiveFrame[]): Promise<string[]> {
    const nowMs = Date.now();
    this.#sweep(nowMs);
    this.ctx.waitUntil(this.#grants.check(nowMs));
    const [unwatched] = await Promise.all([this.#serve(frames, nowMs), this.#relay(frames)]);
    return unwatched;
  }

  /** The last `rangeMs` of a metric for another hub, which from then on gets its changes from here. */
  async watch(hub: string, metric: string, rangeMs: number): Promise<WindowAnswer> {
    this.#children.add(hub, metric);
    return this.#watch(metric, rangeMs);
  }

  /** A share link has been revoked. */
  async endShare(id: string): Promise<void> {
    this.#shared.end(id);
    if (this.#hasOverflowed) await this.env.LIVE_HUB.getByName(nextHub(this.#name)).endShare(id);
  }

  /** The key with this hash has been removed. */
  async endKey(hash: string): Promise<void> {
    this.#grants.endKey(hash);
    if (this.#hasOverflowed) await this.env.LIVE_HUB.getByName(nextHub(this.#name)).endKey(hash);
  }

  /** Share links expire. */
  override alarm(): void {
    this.#shared.endExpired(Date.now());
  }

  stats(): HubStats {
    return {
      hub: this.#name,
      project: projectOf(this.#name),
      sockets: this.#subscriptions.sockets,
      subscriptions: this.#subscriptions.count,
      metrics: this.#server.metrics,
      ...this.#counts,
      ...this.#server.counts,
      hasOverflowed: this.#hasOverflowed,
    };
  }

  override webSocketMessage(socket: WebSocket, data: string | ArrayBuffer): void {
    const session = this.#subscriptions.of(socket);
    if (session === undefined) return;
    session.heard();
    if (typeof data !== "string") {
      this.#fail(session, "bad_message", "the message is binary; expected JSON text");
      return;
    }
    const pong = PONGS.get(data);
    if (pong === undefined) this.#receive(session, data);
    else this.#send(session, pong);
  }

  override webSocketClose(socket: WebSocket, code: number, reason: string): void {
    this.#drop(socket);
    try {
      socket.close(RESERVED_CLOSE_CODES.has(code) ? 1000 : code, reason);
    } catch {
      // Closed already.
    }
  }

  override webSocketError(socket: WebSocket): void {
    this.#drop(socket);
  }

  get #hasOverflowed(): boolean {
    return this.ctx.storage.kv.get("overflowed") === true;
  }

  #receive(session: Session, text: string): void {
    const message = parseClientMessage(text);
    if (!message.ok) {
      if (message.id !== undefined) this.#unsubscribe(session, message.id);
      this.#fail(session, message.reason as LiveErrorCode, message.message, message.id);
      return;
    }
    switch (message.value.type) {
      case "subscribe":
        this.ctx.waitUntil(this.#grants.check(Date.now()));
        return this.#subscribe(session, message.value);
      case "unsubscribe":
        return this.#unsubscribe(session, message.value.id);
      case "ack":
        session.beginCredit();
        session.credit?.acknowledge(message.value.frames);
        return this.#server.goOn(session.subscriptions.values());
      case "ping":
        this.#send(session, JSON.stringify({ type: "pong" }));
    }
  }

  #subscribe(session: Session, message: SubscribeMessage): void {
    const { id, metric, range, maxRate, cursor } = message;
    this.#unsubscribe(session, id);
    const admission = this.#admit(session, message);
    if (!admission.ok) {
      this.#fail(session, admission.code, admission.message, id);
      return;
    }
    const wanted: Wanted = { id, metric, rangeMs: parseDuration(range) ?? 0 };
    if (admission.groups !== undefined) wanted.groups = admission.groups;
    if (maxRate !== undefined) wanted.maxRate = maxRate;
    const subscription = this.#subscriptions.add(session, wanted);
    if (subscription === undefined) {
      const text = "the groups of this socket's subscriptions exceed 16 KiB";
      this.#fail(session, "too_many_subscriptions", text, id);
      return;
    }
    this.#server.begin(subscription, cursor);
  }

  /** What a socket may subscribe to, and which groups of it, is decided here and nowhere else. */
  #admit({ socket, subscriptions }: Session, { metric, groups }: SubscribeMessage): AdmissionByCode {
    const present = subscriptions.size;
    if (present >= LIMITS.subscriptionsPerSocket) {
      const message = `this socket has ${present} subscriptions; the bound is ${LIMITS.subscriptionsPerSocket}`;
      return { ok: false, code: "too_many_subscriptions", message };
    }
    const admission = this.#shared.admit(socket, metric, groups);
    return admission.ok ? admission : { ...admission, code: "forbidden" };
  }

  /** The window learns by a later delivery that nobody watches any more. */
  #unsubscribe(session: Session, id: string): void {
    const gone = this.#subscriptions.remove(session, id);
    if (gone !== undefined) this.#server.end(gone);
  }

  #drop(socket: WebSocket): void {
    for (const subscription of this.#subscriptions.drop(socket)) this.#server.end(subscription);
  }

  async #watch(metric: string, rangeMs: number): Promise<WindowAnswer> {
    const parent = parentOf(this.#name);
    const { LIVE_HUB, METRIC_WINDOW } = this.env;
    try {
      return parent === undefined
        ? await METRIC_WINDOW.getByName(projectOf(this.#name)).watch(this.#name, metric, rangeMs)
        : await LIVE_HUB.getByName(parent).watch(this.#name, metric, rangeMs);
    } catch {
      const message = "the metric's windows cannot be reached; subscribe again";
      return { ok: false, reason: "unavailable", message };
    }
  }

  /** Sends frames to its own clients. Other hubs, whose clients are further, get theirs before. @returns the metrics that nobody wants. */
  async #serve(frames: readonly LiveFrame[], nowMs: number): Promise<string[]> {
    if (!this.#children.isEmpty) await scheduler.wait(0);
    const unwatched: string[] = [];
    for (const [metric, own] of Map.groupBy(frames, (frame) => frame.metric)) {
      const isWanted = this.#server.take(metric, own, nowMs);
      if (!isWanted && !this.#children.has(metric)) unwatched.push(metric);
    }
    return unwatched;
  }

  /** Passes frames on to hubs that watch. Resolves once they have them. */
  async #relay(frames: readonly LiveFrame[]): Promise<void> {
    const relays = [...this.#children.all].flatMap((hub) => {
      const wanted = frames.filter(({ metric }) => this.#children.includes(hub, metric));
      return wanted.length > 0 ? [this.#outbox.send(hub, wanted)] : [];
    });
    if (relays.length === 0) return;
    const waiting = new AbortController();
    const late = scheduler.wait(RELAY_WITHIN_MS, { signal: waiting.signal }).then(() => {
      throw new Error(`a hub did not take frames within ${RELAY_WITHIN_MS} ms`);
    });
    try {
      await Promise.race([Promise.all(relays), late]);
    } finally {
      waiting.abort();
    }
  }

  /** Closes sockets whose clients have gone without a word. */
  #sweep(nowMs: number): void {
    if (nowMs - this.#sweptMs < SWEEP_EVERY_MS) return;
    this.#sweptMs = nowMs;
    for (const { socket } of this.#subscriptions.sessions) {
      const pingedMs = this.ctx.getWebSocketAutoResponseTimestamp(socket)?.getTime() ?? nowMs;
      if (nowMs - pingedMs < STALE_MS) continue;
      this.#counts.staleSockets++;
      this.webSocketClose(socket, 1001, "no ping came");
    }
  }

  #fail(session: Session, code: LiveErrorCode, message: string, id?: string): void {
    this.#send(session, JSON.stringify({ type: "error", ...(id !== undefined && { id }), code, message }));
  }

  #sendFrame({ session }: Subscription, frame: EncodedFrame): void {
    if (session.credit === undefined && this.#isUnheard(session, frame.data.length)) {
      this.#counts.staleSockets++;
      this.webSocketClose(session.socket, 1013, "nothing was heard of the client; send pings");
      return;
    }
    if (!this.#send(session, frame.data)) return;
    if (frame.isNew) this.#counts.framesEncoded++;
    frame.isNew = false;
    this.#counts.framesSent++;
    this.#counts.framesMerged += frame.merged;
    this.#counts.bytesSent += frame.data.length;
  }

  /** Whether a client that does not say what it has taken may have taken nothing for long. The runtime answers pings by itself. */
  #isUnheard(session: Session, bytes: number): boolean {
    session.unheardBytes += bytes;
    if (session.unheardBytes <= settingsOf(this.env).unheardBytes) return false;
    const pingedMs = this.ctx.getWebSocketAutoResponseTimestamp(session.socket)?.getTime() ?? 0;
    if (pingedMs <= session.heardMs) return true;
    session.heard();
    return false;
  }

  /** One dead client must not stop the others. */
  #send({ socket }: Session, data: string | Uint8Array): boolean {
    try {
      socket.send(data);
      return true;
    } catch {
      this.#counts.sendFailures++;
      this.#drop(socket);
      return false;
    }
  }
}
