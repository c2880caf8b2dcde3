import { DurableObject } from "cloudflare:workers";
import { LIMITS } from "../protocol/limits.ts";
import {
  LIVE_SUBPROTOCOL,
  type LiveErrorCode,
  parseClientMessage,
  type SnapshotMessage,
  type SubscribeMessage,
} from "../protocol/live.ts";
import type { Group, Series } from "../protocol/series.ts";
import { parseDuration } from "../protocol/time.ts";
import { matchesGroups } from "./engine/group-key.ts";
import type { Env } from "./env.ts";
import type { MetricWindow } from "./metric-window.ts";
import { type Subscription, Subscriptions } from "./subscriptions.ts";
import type { LiveFrame } from "./live-feed.ts";
import { SharedSockets } from "./live/shared-sockets.ts";

/** A subscription whose snapshot is on its way: frames that come meanwhile wait for it. */
interface Pending {
  held: LiveFrame[];
}

/** Counters of one hub, for `/metrics`. Counts begin at 0 with each life of the object. */
export interface HubStats {
  project: string;
  sockets: number;
  subscriptions: number;
  framesSent: number;
  sendFailures: number;
}

/** What a client is told when a window object has no snapshot for it. */
const LIVE_CODES: Record<"unknown_metric" | "step" | "points" | "unavailable", LiveErrorCode> = {
  unknown_metric: "unknown_metric",
  step: "bad_message",
  points: "too_large",
  unavailable: "unavailable",
};

/** Codes that the runtime makes up and that may not be sent. */
const RESERVED_CLOSE_CODES = new Set([1005, 1006, 1015]);

/**
 * The WebSockets of one project (its name). Hibernates whenever nothing moves: subscriptions are in the sockets'
 * attachments, pings are answered by the runtime. A frame is encoded once for all sockets that want the same points.
 */
export class LiveHub extends DurableObject<Env> {
  readonly #project: string;
  readonly #subscriptions: Subscriptions;
  readonly #shared: SharedSockets;
  readonly #pending = new Map<WebSocket, Map<string, Pending>>();
  #framesSent = 0;
  #sendFailures = 0;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#project = ctx.id.name ?? "";
    ctx.setWebSocketAutoResponse(new WebSocketRequestResponsePair("ping", "pong"));
    this.#subscriptions = new Subscriptions(ctx.getWebSockets());
    this.#shared = new SharedSockets(ctx);
  }

  /** Accepts a socket. The edge has checked the key and the upgrade. */
  override async fetch(request: Request): Promise<Response> {
    const { 0: client, 1: server } = new WebSocketPair();
    this.ctx.acceptWebSocket(server, this.#shared.tagsOf(request));
    const headers = new Headers();
    const offered = request.headers.get("sec-websocket-protocol");
    if (offered !== null) headers.set("sec-websocket-protocol", LIVE_SUBPROTOCOL);
    return new Response(null, { status: 101, webSocket: client, headers });
  }

  /** Sends frames to whoever wants them. Returns the metrics among them that nobody does. */
  deliver(frames: LiveFrame[]): string[] {
    const unwatched = new Set<string>();
    for (const frame of frames) {
      const subscribers = this.#subscriptions.to(frame.metric);
      if (subscribers === undefined) {
        unwatched.add(frame.metric);
        continue;
      }
      const encoded = new Map<string, string | undefined>();
      for (const [socket, subscriptions] of subscribers) {
        for (const subscription of subscriptions) {
          if (frame.body === undefined) this.ctx.waitUntil(this.#sendSnapshot(socket, subscription));
          else this.#pass(socket, subscription, frame, encoded);
        }
      }
    }
    return [...unwatched];
  }

  /** A share link has been revoked. */
  endShare(id: string): void {
    this.#shared.end(id);
  }

  /** Share links expire. */
  override alarm(): void {
    this.#shared.endExpired(Date.now());
  }

  stats(): HubStats {
    return {
      project: this.#project,
      sockets: this.ctx.getWebSockets().length,
      subscriptions: this.#subscriptions.count,
      framesSent: this.#framesSent,
      sendFailures: this.#sendFailures,
    };
  }

  override async webSocketMessage(socket: WebSocket, data: string | ArrayBuffer): Promise<void> {
    if (typeof data !== "string") {
      this.#fail(socket, "bad_message", "the message is binary; expected JSON text");
      return;
    }
    if (data === "ping") {
      this.#send(socket, "pong");
      return;
    }
    const message = parseClientMessage(data);
    if (!message.ok) this.#fail(socket, message.reason as LiveErrorCode, message.message);
    else if (message.value.type === "subscribe") await this.#subscribe(socket, message.value);
    else this.#unsubscribe(socket, message.value.id);
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

  async #subscribe(socket: WebSocket, message: SubscribeMessage): Promise<void> {
    this.#unsubscribe(socket, message.id);
    const present = this.#subscriptions.of(socket).length;
    if (present >= LIMITS.subscriptionsPerSocket) {
      const text = `this socket has ${present} subscriptions; the bound is ${LIMITS.subscriptionsPerSocket}`;
      this.#fail(socket, "too_many_subscriptions", text, message.id);
      return;
    }
    const admission = this.#shared.admit(socket, message.metric, message.groups);
    if (!admission.ok) {
      this.#fail(socket, "forbidden", admission.message, message.id);
      return;
    }
    const rangeMs = parseDuration(message.range) ?? 0;
    const subscription: Subscription = { id: message.id, metric: message.metric, rangeMs };
    if (admission.groups !== undefined) subscription.groups = admission.groups;
    if (!this.#subscriptions.add(socket, subscription)) {
      this.#fail(
        socket,
        "too_many_subscriptions",
        "the groups of this socket's subscriptions exceed 16 KiB",
        message.id,
      );
      return;
    }
    await this.#sendSnapshot(socket, subscription);
  }

  /** Frames that come before the snapshot wait for it. */
  async #sendSnapshot(socket: WebSocket, subscription: Subscription): Promise<void> {
    const { id, metric, groups, rangeMs } = subscription;
    const pending: Pending = { held: [] };
    this.#pendingOf(socket).set(id, pending);
    const answer = await this.#watch(metric, rangeMs);
    const stillWanted = this.#pending.get(socket)?.get(id) === pending;
    if (!stillWanted) return;
    this.#pending.get(socket)?.delete(id);
    if (!answer.ok) {
      this.#unsubscribe(socket, id);
      this.#fail(socket, LIVE_CODES[answer.reason], answer.message, id);
      return;
    }
    const { cursor, series, watermark } = JSON.parse(answer.body) as Pick<
      SnapshotMessage,
      "cursor" | "series" | "watermark"
    >;
    const matching = series.filter(({ group }) => matchesGroups(group, groups));
    const snapshot: SnapshotMessage = {
      type: "snapshot",
      id,
      cursor,
      recovered: false,
      series: matching,
      watermark,
    };
    this.#send(socket, JSON.stringify(snapshot));
    const sequence = Number(cursor.slice(cursor.indexOf(".") + 1));
    for (const frame of pending.held) {
      if (frame.sequence > sequence) this.#pass(socket, subscription, frame, new Map());
    }
  }

  async #watch(metric: string, rangeMs: number): ReturnType<MetricWindow["watch"]> {
    try {
      return await this.env.METRIC_WINDOW.getByName(this.#project).watch(this.#project, metric, rangeMs);
    } catch {
      return {
        ok: false,
        reason: "unavailable",
        message: "the metric's windows cannot be reached; subscribe again",
      };
    }
  }

  /** The window learns by its next delivery that nobody watches any more. */
  #unsubscribe(socket: WebSocket, id: string): void {
    this.#subscriptions.remove(socket, id);
    this.#pending.get(socket)?.delete(id);
  }

  #drop(socket: WebSocket): void {
    this.#pending.delete(socket);
    this.#subscriptions.drop(socket);
  }

  #pendingOf(socket: WebSocket): Map<string, Pending> {
    const pending = this.#pending.get(socket) ?? new Map<string, Pending>();
    this.#pending.set(socket, pending);
    return pending;
  }

  #pass(
    socket: WebSocket,
    subscription: Subscription,
    frame: LiveFrame,
    encoded: Map<string, string | undefined>,
  ): void {
    const pending = this.#pending.get(socket)?.get(subscription.id);
    if (pending !== undefined) {
      pending.held.push(frame);
      return;
    }
    const wanted = subscription.groups === undefined ? "" : JSON.stringify(subscription.groups);
    if (!encoded.has(wanted)) encoded.set(wanted, bodyFor(frame, subscription.groups));
    const body = encoded.get(wanted);
    if (body !== undefined)
      this.#send(socket, `{"type":"delta","id":${JSON.stringify(subscription.id)},${body}}`);
  }

  #fail(socket: WebSocket, code: LiveErrorCode, message: string, id?: string): void {
    this.#send(socket, JSON.stringify({ type: "error", ...(id === undefined ? {} : { id }), code, message }));
  }

  /** One dead client must not stop the others. */
  #send(socket: WebSocket, text: string): void {
    try {
      socket.send(text);
      this.#framesSent++;
    } catch {
      this.#sendFailures++;
      this.#drop(socket);
    }
  }
}

/** A delta's members with the wanted groups only; undefined when none of them changed. */
function bodyFor(frame: LiveFrame, groups: Group[] | undefined): string | undefined {
  if (groups === undefined || frame.body === undefined) return frame.body;
  const members = JSON.parse(`{${frame.body}}`) as { series: Series[] };
  members.series = members.series.filter(({ group }) => matchesGroups(group, groups));
  return members.series.length === 0 ? undefined : JSON.stringify(members).slice(1, -1);
}
