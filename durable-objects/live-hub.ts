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
import { type Env, settingsOf } from "./env.ts";
import { ChildHubs } from "./live/child-hubs.ts";
import { parentOf } from "./live/hub-tree.ts";
import { cursorOf, type LiveFrame, positionOf, type WatchedSnapshot } from "./live/live-frame.ts";
import { type EncodedFrame, type FeedSnapshot, MetricFeed, type Reader } from "./live/metric-feed.ts";
import { WatcherOutbox } from "./live/watcher-outbox.ts";
import { type Session, type Subscription, Subscriptions, type Wanted } from "./subscriptions.ts";
import { WatcherList } from "./watcher-list.ts";
import type { Refusal, WindowAnswer } from "./window-query.ts";

/** Counters of one hub, for `/metrics`. Counts begin at 0 with each life of the object. */
export interface HubStats {
  hub: string;
  project: string;
  sockets: number;
  subscriptions: number;
  /** Snapshots and deltas. */
  framesSent: number;
  bytesSent: number;
  /** Frames that others stand for, because their clients were slow or asked for few. */
  framesMerged: number;
  /** Snapshots and deltas that were encoded: the rest were the same bytes as another's. */
  framesEncoded: number;
  /** Clients that came back and missed nothing, and that were given the whole picture. */
  resumed: number;
  snapshots: number;
  sendFailures: number;
  staleSockets: number;
  /** Whether it has turned sockets away: there is a next hub. */
  hasOverflowed: boolean;
}

type Counts = Omit<HubStats, "hub" | "project" | "sockets" | "subscriptions" | "hasOverflowed">;

/** What a client is told when there is no snapshot for it. */
const LIVE_CODES: Record<Refusal["reason"], LiveErrorCode> = {
  unknown_metric: "unknown_metric",
  step: "bad_message",
  points: "too_large",
  unavailable: "unavailable",
};

/** Codes that the runtime makes up and that may not be sent. */
const RESERVED_CLOSE_CODES = new Set([1005, 1006, 1015]);
/** How long frames of a metric are still kept when nobody here watches it: who was cut off comes back. */
const LINGER_MS = 60_000;
/** A client that has ever pinged and does not for so long is gone, though its socket says nothing of it. */
const STALE_MS = 180_000;
const SWEEP_EVERY_MS = 60_000;
/** A hub that is slow to take frames does not hold up the others for longer. */
const RELAY_WITHIN_MS = 5_000;
const RETRY_FIRST_MS = 250;
const MOST_TRIES = 7;

/**
 * WebSockets of one project, and hubs with more of them. Hibernates whenever nothing moves: subscriptions are in the
 * sockets' attachments, pings are answered by the runtime. The newest frames of each metric are kept in memory, once for all
 * sockets: resumes, slow clients and those with a `maxRate` are served from them.
 */
export class LiveHub extends DurableObject<Env> {
  readonly #name: string;
  readonly #capacity: number;
  readonly #subscriptions: Subscriptions;
  readonly #children: WatcherList;
  readonly #outbox: WatcherOutbox;
  readonly #feeds = new Map<string, MetricFeed>();
  /** Snapshots that are being taken. */
  readonly #fetching = new Map<string, Promise<FeedSnapshot | Refusal>>();
  /** Subscriptions that have something to be sent later, for their `maxRate`. */
  readonly #held = new Set<Subscription>();
  #heldUntilMs = Number.POSITIVE_INFINITY;
  #sweptMs = Date.now();
  readonly #counts: Counts = {
    framesSent: 0,
    bytesSent: 0,
    framesMerged: 0,
    framesEncoded: 0,
    resumed: 0,
    snapshots: 0,
    sendFailures: 0,
    staleSockets: 0,
  };

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#name = ctx.id.name ?? "";
    this.#capacity = settingsOf(env).hubSockets;
    ctx.setWebSocketAutoResponse(new WebSocketRequestResponsePair("ping", "pong"));
    this.#subscriptions = new Subscriptions(ctx);
    this.#children = new WatcherList(new ChildHubs(ctx.storage.sql));
    this.#outbox = new WatcherOutbox({
      watchers: this.#children,
      deliver: (hub, frames) => env.LIVE_HUB.getByName(hub).deliver(frames),
      keepAlive: (task) => ctx.waitUntil(task),
    });
    // Whether the last frames reached them is not known any more.
    for (const relayed of this.#relay(Array.from(this.#children.names, (metric) => ({ metric }))))
      ctx.waitUntil(relayed);
    for (const subscription of this.#subscriptions.all)
      if (subscription.wanted.since === undefined) this.#serveSoon(subscription);
  }

  /** Accepts a socket, or answers 503 when there are enough. The edge has checked the key and the upgrade. */
  override async fetch(request: Request): Promise<Response> {
    if (this.#subscriptions.sockets >= this.#capacity) {
      this.ctx.storage.kv.put("overflowed", true);
      return new Response(null, { status: 503 });
    }
    const { 0: client, 1: server } = new WebSocketPair();
    const protocol = request.headers.get("sec-websocket-protocol")?.split(",")[0]?.trim();
    const isCompact = protocol === COMPACT_SUBPROTOCOL;
    this.ctx.acceptWebSocket(server, [isCompact ? COMPACT_SUBPROTOCOL : LIVE_SUBPROTOCOL]);
    this.#subscriptions.open(server, isCompact);
    const headers = new Headers();
    if (protocol !== undefined) headers.set("sec-websocket-protocol", protocol);
    return new Response(null, { status: 101, webSocket: client, headers });
  }

  /**
   * Takes frames, and sends what is new to whoever wants it. Resolves to the metrics among them that nobody does, once other
   * hubs have theirs: if this one is lost before, whoever sent them knows.
   */
  async deliver(frames: LiveFrame[]): Promise<string[]> {
    const nowMs = Date.now();
    this.#sweep(nowMs);
    const unwatched = new Set<string>();
    for (const frame of frames) {
      const isWanted = this.#take(frame, nowMs);
      if (!isWanted && !this.#children.has(frame.metric)) unwatched.add(frame.metric);
    }
    const relayed = this.#relay(frames);
    if (relayed.length > 0) await Promise.race([Promise.all(relayed), scheduler.wait(RELAY_WITHIN_MS)]);
    return [...unwatched];
  }

  /** The last `rangeMs` of a metric for another hub, which from then on gets its changes from here. */
  async watch(hub: string, metric: string, rangeMs: number): Promise<WindowAnswer> {
    this.#children.add(hub, metric);
    return this.#watch(metric, rangeMs);
  }

  stats(): HubStats {
    return {
      hub: this.#name,
      project: projectOf(this.#name),
      sockets: this.#subscriptions.sockets,
      subscriptions: this.#subscriptions.count,
      ...this.#counts,
      hasOverflowed: this.ctx.storage.kv.get("overflowed") === true,
    };
  }

  override webSocketMessage(socket: WebSocket, data: string | ArrayBuffer): void {
    const session = this.#subscriptions.of(socket);
    if (session === undefined) return;
    if (typeof data !== "string") {
      this.#fail(session, "bad_message", "the message is binary; expected JSON text");
    } else if (data === "ping") {
      this.#send(session, "pong");
    } else {
      this.#receive(session, data);
    }
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

  #receive(session: Session, text: string): void {
    const message = parseClientMessage(text);
    if (!message.ok) {
      this.#fail(session, message.reason as LiveErrorCode, message.message);
      return;
    }
    switch (message.value.type) {
      case "subscribe":
        return this.#subscribe(session, message.value);
      case "unsubscribe":
        return this.#unsubscribe(session, message.value.id);
      case "ack":
        session.beginCredit();
        session.credit?.acknowledge(message.value.frames);
        return this.#goOn(session);
    }
  }

  #subscribe(session: Session, message: SubscribeMessage): void {
    this.#unsubscribe(session, message.id);
    const refusal = this.#admit(session);
    if (refusal !== undefined) {
      this.#fail(session, refusal.code, refusal.message, message.id);
      return;
    }
    const wanted: Wanted = {
      id: message.id,
      metric: message.metric,
      rangeMs: parseDuration(message.range) ?? 0,
    };
    if (message.groups !== undefined) wanted.groups = message.groups;
    if (message.maxRate !== undefined) wanted.maxRate = message.maxRate;
    const subscription = this.#subscriptions.add(session, wanted);
    if (subscription === undefined) {
      const text = "the groups of this socket's subscriptions exceed 16 KiB";
      this.#fail(session, "too_many_subscriptions", text, message.id);
      return;
    }
    this.#feedOf(message.metric).idleSinceMs = undefined;
    if (!this.#resume(subscription, message.cursor)) this.#serveSoon(subscription, message.cursor);
  }

  /** What a socket may subscribe to is decided here, and nowhere else: undefined, or why it may not. */
  #admit({ subscriptions }: Session): { code: LiveErrorCode; message: string } | undefined {
    const present = subscriptions.size;
    if (present < LIMITS.subscriptionsPerSocket) return undefined;
    const message = `this socket has ${present} subscriptions; the bound is ${LIMITS.subscriptionsPerSocket}`;
    return { code: "too_many_subscriptions", message };
  }

  /** The window learns by its next delivery that nobody watches any more. */
  #unsubscribe(session: Session, id: string): void {
    const gone = this.#subscriptions.remove(session, id);
    if (gone !== undefined) this.#left(gone);
  }

  #drop(socket: WebSocket): void {
    for (const subscription of this.#subscriptions.drop(socket)) this.#left(subscription);
  }

  #left(subscription: Subscription): void {
    this.#held.delete(subscription);
    const { metric } = subscription.wanted;
    const feed = this.#feeds.get(metric);
    if (feed !== undefined && this.#subscriptions.to(metric).size === 0) feed.idleSinceMs = Date.now();
  }

  /** @returns whether somebody here wants the metric, or did a moment ago. */
  #take(frame: LiveFrame, nowMs: number): boolean {
    const { metric } = frame;
    const subscriptions = this.#subscriptions.to(metric);
    const idleSinceMs = this.#feeds.get(metric)?.idleSinceMs ?? Number.NEGATIVE_INFINITY;
    if (subscriptions.size === 0 && nowMs - idleSinceMs > LINGER_MS) {
      this.#feeds.delete(metric);
      return false;
    }
    const feed = this.#feedOf(metric);
    feed.take(frame, nowMs);
    for (const subscription of subscriptions) this.#tell(subscription, feed, frame, nowMs);
    return true;
  }

  #tell(subscription: Subscription, feed: MetricFeed, { position, delta }: LiveFrame, nowMs: number): void {
    const { since, isBehind } = subscription.wanted;
    if (since === undefined) return;
    const [life, sequence] = since;
    if (position === undefined || position.life > life) return this.#renew(subscription);
    if (position.life < life) return;
    if (delta === undefined) {
      if (sequence < position.sequence) this.#renew(subscription);
      return;
    }
    if (subscription.sequence === undefined) {
      if (isBehind === true) return this.#renew(subscription);
      // What the hub had before it slept was sent.
      subscription.sequence = Math.max(sequence, delta.after);
    }
    this.#flush(subscription, feed, nowMs);
  }

  /** Sends what the client has not been told, if it is ready for it and its time has come. */
  #flush(subscription: Subscription, feed: MetricFeed, nowMs: number): void {
    const { session, wanted, sequence } = subscription;
    const { position } = feed;
    if (wanted.since === undefined || position?.life !== wanted.since[0]) return;
    if (sequence !== undefined && sequence >= position.sequence) return;
    if (!session.isReady(nowMs)) {
      session.credit?.exceeded();
      this.#setBehind(subscription, true);
    } else if (nowMs < subscription.dueMs) {
      this.#hold(subscription, nowMs);
    } else if (sequence === undefined || !feed.covers({ life: position.life, sequence })) {
      this.#renew(subscription);
    } else {
      const frame = feed.delta(readerOf(subscription, sequence), nowMs);
      subscription.sequence = position.sequence;
      if (frame !== undefined) this.#sendFrame(subscription, frame, nowMs);
      this.#setBehind(subscription, false);
    }
  }

  /** The client has acknowledged: what waited for that goes. */
  #goOn(session: Session): void {
    const nowMs = Date.now();
    for (const subscription of session.subscriptions.values()) {
      const { since, metric, isBehind } = subscription.wanted;
      if (since === undefined) {
        if (subscription.serving === undefined) this.#serveSoon(subscription);
      } else if (isBehind === true) {
        this.#flush(subscription, this.#feedOf(metric), nowMs);
        if (subscription.sequence === undefined) this.#renew(subscription);
      }
    }
  }

  #setBehind(subscription: Subscription, isBehind: boolean): void {
    const { wanted, session } = subscription;
    if ((wanted.isBehind ?? false) === isBehind) return;
    if (isBehind) wanted.isBehind = true;
    else delete wanted.isBehind;
    session.save();
  }

  /** Whether the client could be told what it has missed since the cursor. */
  #resume(subscription: Subscription, cursor: string | undefined): boolean {
    const position = cursor === undefined ? undefined : positionOf(cursor);
    const feed = this.#feedOf(subscription.wanted.metric);
    const nowMs = Date.now();
    if (position === undefined || !feed.covers(position)) return false;
    if (!subscription.session.isReady(nowMs)) return false;
    const frame = feed.recovery(readerOf(subscription, position.sequence), nowMs);
    this.#told(subscription, feed.position ?? position);
    this.#counts.resumed++;
    this.#sendFrame(subscription, frame, nowMs);
    return true;
  }

  /** What the client has is not to be gone on from. */
  #renew(subscription: Subscription): void {
    delete subscription.wanted.since;
    subscription.session.save();
    this.#serveSoon(subscription);
  }

  #serveSoon(subscription: Subscription, cursor?: string): void {
    // A client that is not ready is served when it acknowledges.
    if (subscription.session.isReady(Date.now())) this.ctx.waitUntil(this.#serve(subscription, cursor));
  }

  /** Gives a subscription a snapshot, and what has come since. */
  async #serve(subscription: Subscription, cursor?: string): Promise<void> {
    const attempt = (subscription.serving = {});
    const { metric, rangeMs, id } = subscription.wanted;
    for (let tries = 1; ; tries++) {
      const snapshot = await this.#snapshotOf(metric, rangeMs);
      if (subscription.serving !== attempt) return;
      const feed = this.#feedOf(metric);
      if (!("ok" in snapshot) && feed.goesOnFrom(snapshot.position)) {
        subscription.serving = undefined;
        return this.#begin(subscription, feed, snapshot, cursor);
      }
      if ("ok" in snapshot && (snapshot.reason !== "unavailable" || tries === MOST_TRIES)) {
        this.#unsubscribe(subscription.session, id);
        this.#fail(subscription.session, LIVE_CODES[snapshot.reason], snapshot.message, id);
        return;
      }
      await scheduler.wait(RETRY_FIRST_MS * 2 ** Math.min(tries - 1, MOST_TRIES));
      if (subscription.serving !== attempt) return;
    }
  }

  #begin(subscription: Subscription, feed: MetricFeed, snapshot: FeedSnapshot, cursor?: string): void {
    const nowMs = Date.now();
    const isUnchanged = cursor === cursorOf(snapshot.position);
    const reader = readerOf(subscription, snapshot.position.sequence);
    const frame = feed.snapshot({ ...reader, known: 0 }, snapshot, isUnchanged);
    this.#told(subscription, snapshot.position);
    this.#counts[isUnchanged ? "resumed" : "snapshots"]++;
    this.#sendFrame(subscription, frame, nowMs);
    this.#flush(subscription, feed, nowMs);
  }

  #told(subscription: Subscription, { life, sequence }: { life: number; sequence: number }): void {
    subscription.wanted.since = [life, sequence];
    delete subscription.wanted.isBehind;
    subscription.sequence = sequence;
    subscription.session.save();
  }

  /** A snapshot that was just taken, or is being taken for another, serves all who come for the same. */
  async #snapshotOf(metric: string, rangeMs: number): Promise<FeedSnapshot | Refusal> {
    const recent = this.#feedOf(metric).recentSnapshot(rangeMs, Date.now());
    if (recent !== undefined) return recent;
    const key = `${rangeMs} ${metric}`;
    let fetching = this.#fetching.get(key);
    if (fetching === undefined) {
      fetching = this.#fetchSnapshot(metric, rangeMs).finally(() => this.#fetching.delete(key));
      this.#fetching.set(key, fetching);
    }
    return fetching;
  }

  async #fetchSnapshot(metric: string, rangeMs: number): Promise<FeedSnapshot | Refusal> {
    const answer = await this.#watch(metric, rangeMs);
    if (!answer.ok) return answer;
    const snapshot = JSON.parse(answer.body) as WatchedSnapshot;
    if (this.#feedOf(metric).takeSnapshot(snapshot, rangeMs, Date.now())) return snapshot;
    return { ok: false, reason: "unavailable", message: "the metric has just changed; subscribe again" };
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

  #relay(frames: readonly LiveFrame[]): Promise<void>[] {
    if (this.#children.isEmpty) return [];
    return [...this.#children.all].flatMap((hub) => {
      const wanted = frames.filter(({ metric }) => this.#children.includes(hub, metric));
      return wanted.length > 0 ? [this.#outbox.send(hub, wanted)] : [];
    });
  }

  #feedOf(metric: string): MetricFeed {
    let feed = this.#feeds.get(metric);
    if (feed === undefined) this.#feeds.set(metric, (feed = new MetricFeed()));
    return feed;
  }

  /** Due times are multiples of the subscription's period, so that those of one rate share what is encoded. */
  #pace(subscription: Subscription, nowMs: number): void {
    const { maxRate } = subscription.wanted;
    if (maxRate === undefined) return;
    const periodMs = 1_000 / maxRate;
    subscription.dueMs = Math.ceil((nowMs + periodMs) / periodMs) * periodMs;
  }

  /** The hub's only timer, while something waits for its time. */
  #hold(subscription: Subscription, nowMs: number): void {
    this.#held.add(subscription);
    const { dueMs } = subscription;
    if (dueMs >= this.#heldUntilMs) return;
    this.#heldUntilMs = dueMs;
    setTimeout(() => this.#release(dueMs), dueMs - nowMs);
  }

  #release(dueMs: number): void {
    // A later timer has been overtaken by an earlier one, which has set another.
    if (dueMs !== this.#heldUntilMs) return;
    this.#heldUntilMs = Number.POSITIVE_INFINITY;
    const nowMs = Math.max(Date.now(), Math.ceil(dueMs));
    const held = [...this.#held];
    this.#held.clear();
    for (const subscription of held)
      this.#flush(subscription, this.#feedOf(subscription.wanted.metric), nowMs);
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

  #sendFrame(subscription: Subscription, frame: EncodedFrame, nowMs: number): void {
    const { session } = subscription;
    subscription.known = frame.known;
    this.#pace(subscription, nowMs);
    session.credit?.sent(nowMs);
    if (!this.#send(session, frame.data)) return;
    if (frame.isNew) this.#counts.framesEncoded++;
    frame.isNew = false;
    this.#counts.framesSent++;
    this.#counts.framesMerged += frame.merged;
    this.#counts.bytesSent += frame.data.length;
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

function readerOf({ session, wanted, groupsKey, known }: Subscription, sequence: number): Reader {
  const { id, groups } = wanted;
  const asks = session.credit?.asksNext === true;
  return { id, isCompact: session.isCompact, groups, groupsKey, sequence, known, asks };
}
