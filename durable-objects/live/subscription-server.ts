import type { LiveErrorCode } from "../../protocol/live.ts";
import { durationText } from "../../protocol/time.ts";
import type { Subscription, Subscriptions } from "./subscriptions.ts";
import type { Refusal, WindowAnswer } from "../window/window-query.ts";
import { dueAfter } from "./due-after.ts";
import { cursorOf, type LiveFrame, type Position, positionOf, type WatchedSnapshot } from "./live-frame.ts";
import { type EncodedFrame, type FeedSnapshot, MetricFeed, type Reader } from "./metric-feed.ts";

interface ServerOptions {
  subscriptions: Subscriptions;
  /** Asks for a snapshot, and to be given frames from then on. */
  watch: (metric: string, rangeMs: number) => Promise<WindowAnswer>;
  /** Sends a snapshot or delta. */
  send: (subscription: Subscription, frame: EncodedFrame) => void;
  /** Ends a subscription with the reason. */
  refuse: (subscription: Subscription, code: LiveErrorCode, message: string) => void;
  keepAlive: (task: Promise<void>) => void;
}

/** A snapshot that is being taken. */
interface Fetch {
  metric: string;
  /** Whether somebody was told since that nobody here watches the metric: frames do not follow then. */
  isVoid: boolean;
  snapshot: Promise<FeedSnapshot | Refusal>;
}

const CHANGED: Refusal = {
  ok: false,
  reason: "unavailable",
  message: "the metric has just changed; subscribe again",
};

/** What a client is told when there is no snapshot for it. */
const LIVE_CODES: Record<Refusal["reason"], LiveErrorCode> = {
  unknown_metric: "unknown_metric",
  step: "bad_message",
  points: "too_large",
  unavailable: "unavailable",
  moved: "unavailable",
};

/** How long frames of a metric are still kept when nobody here watches it: who was cut off comes back. */
const LINGER_MS = 60_000;
const RETRY_FIRST_MS = 250;
const MOST_TRIES = 7;

/**
 * Brings every subscription of a hub to where its metric stands, and keeps it there. The newest frames of each metric are kept
 * once for all: what a client is sent is what these hold after the sequence that it was told, be it one frame or, for
 * a client that was slow, cut off or asked for few, several as one. Where they do not reach back far enough, it is given a snapshot.
 */
export class SubscriptionServer {
  readonly #options: ServerOptions;
  readonly #feeds = new Map<string, MetricFeed>();
  /** Snapshots that are being taken. */
  readonly #fetching = new Map<string, Fetch>();
  /** Subscriptions that have something to be sent later, for their `maxRate`. */
  readonly #held = new Set<Subscription>();
  #heldUntilMs = Number.POSITIVE_INFINITY;
  readonly counts = { resumed: 0, snapshots: 0 };

  /** Metrics of which something is known, watched or not. */
  get metrics(): number {
    return this.#feeds.size;
  }

  constructor(options: ServerOptions) {
    this.#options = options;
    for (const subscription of options.subscriptions.all) {
      if (subscription.wanted.since === undefined) this.#serveSoon(subscription);
    }
  }

  /** Serves a new subscription, from the client's cursor if that can be. */
  begin(subscription: Subscription, cursor: string | undefined): void {
    this.#feedOf(subscription.wanted.metric).idleSinceMs = undefined;
    if (!this.#resume(subscription, cursor)) this.#serveSoon(subscription, cursor);
  }

  /** A subscription is no more. */
  end(subscription: Subscription): void {
    this.#held.delete(subscription);
    const { metric } = subscription.wanted;
    const feed = this.#feeds.get(metric);
    const isLast = this.#options.subscriptions.to(metric).size === 0;
    if (feed === undefined || !isLast) return;
    // Whatever name a client thinks of, nothing is kept of a metric that there is not.
    if (feed.position === undefined) this.#feeds.delete(metric);
    else feed.idleSinceMs = Date.now();
  }

  /**
   * Takes frames of a metric, in their order, and sends what is new to whoever wants it: several that came at once as one.
   *
   * @returns whether somebody here wants the metric, or did a moment ago.
   */
  take(metric: string, frames: readonly LiveFrame[], nowMs: number): boolean {
    const subscriptions = this.#options.subscriptions.to(metric);
    const idleSinceMs = this.#feeds.get(metric)?.idleSinceMs ?? Number.NEGATIVE_INFINITY;
    if (subscriptions.size === 0 && nowMs - idleSinceMs > LINGER_MS) {
      this.#feeds.delete(metric);
      // Who was asked for a snapshot is told that nobody watches: what comes of it is not to be gone on from.
      for (const fetch of this.#fetching.values()) if (fetch.metric === metric) fetch.isVoid = true;
      return false;
    }
    const feed = this.#feedOf(metric);
    for (const run of runsOf(frames)) {
      for (const frame of run) feed.take(frame, nowMs);
      for (const subscription of subscriptions) this.#tell(subscription, feed, run, nowMs);
    }
    return true;
  }

  #tell(subscription: Subscription, feed: MetricFeed, run: readonly LiveFrame[], nowMs: number): void {
    if (subscription.wanted.since === undefined) return;
    if (run.some((frame) => isBrokenBy(subscription, frame))) this.#renew(subscription);
    else this.#flush(subscription, feed, nowMs);
  }

  /** A client has acknowledged: what waited for that goes. */
  goOn(subscriptions: Iterable<Subscription>): void {
    const nowMs = Date.now();
    for (const subscription of subscriptions) {
      const { since, metric, isBehind } = subscription.wanted;
      if (since === undefined) {
        if (subscription.serving === undefined) this.#serveSoon(subscription);
      } else if (isBehind === true && subscription.sequence === undefined) {
        this.#renew(subscription);
      } else if (isBehind === true) {
        this.#flush(subscription, this.#feedOf(metric), nowMs);
      }
    }
  }

  /** Sends what the client has not been told, if it is ready for it and its time has come. */
  #flush(subscription: Subscription, feed: MetricFeed, nowMs: number): void {
    const isHeld = this.#held.delete(subscription);
    const { session, wanted, sequence } = subscription;
    const { position } = feed;
    if (wanted.since === undefined || position?.life !== wanted.since[0]) return;
    if (sequence !== undefined && sequence >= position.sequence) return;
    if (!session.isReady(nowMs)) {
      session.credit?.exceeded();
      setBehind(subscription, true);
    } else if (nowMs < subscription.dueMs) {
      this.#hold(subscription, nowMs);
    } else if (sequence === undefined || !feed.covers({ life: position.life, sequence })) {
      this.#renew(subscription);
    } else {
      const frame = feed.delta(readerOf(subscription, sequence), nowMs);
      subscription.sequence = position.sequence;
      if (frame !== undefined) this.#send(subscription, frame, nowMs, isHeld ? subscription.dueMs : nowMs);
      setBehind(subscription, false);
    }
  }

  /** Whether the client could be told what it has missed since the cursor. */
  #resume(subscription: Subscription, cursor: string | undefined): boolean {
    const position = cursor === undefined ? undefined : positionOf(cursor, subscription.tag);
    const feed = this.#feedOf(subscription.wanted.metric);
    const nowMs = Date.now();
    if (position === undefined || !feed.covers(position)) return false;
    if (!subscription.session.isReady(nowMs)) return false;
    const frame = feed.recovery(readerOf(subscription, position.sequence), nowMs);
    told(subscription, feed.position ?? position);
    this.counts.resumed++;
    this.#send(subscription, frame, nowMs);
    return true;
  }

  /** What the client has is not to be gone on from. */
  #renew(subscription: Subscription): void {
    delete subscription.wanted.since;
    subscription.session.save();
    this.#serveSoon(subscription);
  }

  /** A client that is not ready is served when it acknowledges. */
  #serveSoon(subscription: Subscription, cursor?: string): void {
    if (subscription.session.isReady(Date.now())) this.#options.keepAlive(this.#serve(subscription, cursor));
  }

  /** Gives a subscription a snapshot, and what has come since. */
  async #serve(subscription: Subscription, cursor?: string): Promise<void> {
    const attempt = (subscription.serving = {});
    const { metric, rangeMs } = subscription.wanted;
    for (let tries = 1; ; tries++) {
      const snapshot = await this.#snapshotOf(metric, rangeMs);
      // It is gone, or another attempt has begun.
      if (subscription.serving !== attempt) return;
      const feed = this.#feedOf(metric);
      if (!("ok" in snapshot) && feed.goesOnFrom(snapshot.position)) {
        return this.#goOnFrom(subscription, feed, snapshot, cursor);
      }
      if ("ok" in snapshot && (snapshot.reason !== "unavailable" || tries === MOST_TRIES)) {
        this.#options.refuse(subscription, LIVE_CODES[snapshot.reason], messageOf(snapshot, subscription));
        return;
      }
      await scheduler.wait(RETRY_FIRST_MS * 2 ** Math.min(tries - 1, MOST_TRIES));
      if (subscription.serving !== attempt) return;
    }
  }

  #goOnFrom(subscription: Subscription, feed: MetricFeed, snapshot: FeedSnapshot, cursor?: string): void {
    const nowMs = Date.now();
    const isUnchanged = cursor === cursorOf(snapshot.position, subscription.tag);
    const reader = readerOf(subscription, snapshot.position.sequence);
    const frame = feed.snapshot({ ...reader, known: 0 }, snapshot, isUnchanged);
    told(subscription, snapshot.position);
    this.counts[isUnchanged ? "resumed" : "snapshots"]++;
    this.#send(subscription, frame, nowMs);
    this.#flush(subscription, feed, nowMs);
  }

  /** A snapshot that was just taken, or is being taken for another, serves all who come for the same. */
  async #snapshotOf(metric: string, rangeMs: number): Promise<FeedSnapshot | Refusal> {
    const recent = this.#feedOf(metric).recentSnapshot(rangeMs, Date.now());
    if (recent !== undefined) return recent;
    const key = `${rangeMs} ${metric}`;
    const known = this.#fetching.get(key);
    if (known !== undefined && !known.isVoid) return known.snapshot;
    const fetch: Fetch = { metric, isVoid: false, snapshot: Promise.resolve(CHANGED) };
    fetch.snapshot = this.#fetchSnapshot(fetch, rangeMs).finally(() => {
      if (this.#fetching.get(key) === fetch) this.#fetching.delete(key);
    });
    this.#fetching.set(key, fetch);
    return fetch.snapshot;
  }

  async #fetchSnapshot(fetch: Fetch, rangeMs: number): Promise<FeedSnapshot | Refusal> {
    const answer = await this.#options.watch(fetch.metric, rangeMs);
    if (!answer.ok) return answer;
    if (fetch.isVoid) return CHANGED;
    const snapshot = JSON.parse(answer.body) as WatchedSnapshot;
    return this.#feedOf(fetch.metric).takeSnapshot(snapshot, rangeMs, Date.now()) ? snapshot : CHANGED;
  }

  #feedOf(metric: string): MetricFeed {
    let feed = this.#feeds.get(metric);
    if (feed === undefined) this.#feeds.set(metric, (feed = new MetricFeed()));
    return feed;
  }

  #send(subscription: Subscription, frame: EncodedFrame, nowMs: number, dueMs = nowMs): void {
    const { session, wanted } = subscription;
    subscription.known = frame.known;
    session.credit?.sent(frame.data.length, nowMs);
    if (wanted.maxRate !== undefined) subscription.dueMs = dueAfter(nowMs, wanted.maxRate, dueMs);
    this.#options.send(subscription, frame);
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
    // Who is still to wait is held anew.
    const held = [...this.#held];
    for (const subscription of held) {
      this.#flush(subscription, this.#feedOf(subscription.wanted.metric), nowMs);
    }
  }
}

/** What is too large says of what it is. */
function messageOf({ reason, message }: Refusal, { wanted }: Subscription): string {
  if (reason !== "points") return message;
  return `the last ${durationText(wanted.rangeMs)} of '${wanted.metric}' cannot be shown live: ${message}`;
}

/** Frames that can go as one: what was before a metric became another is told before that. */
function runsOf(frames: readonly LiveFrame[]): LiveFrame[][] {
  const runs: LiveFrame[][] = [[]];
  for (const frame of frames) {
    if (frame.delta === undefined) runs.push([frame], []);
    else runs.at(-1)?.push(frame);
  }
  return runs;
}

/**
 * Whether a client's picture does not go on with the frame. If it does, and the hub has slept since it sent something, the frame
 * says up to where the client was told.
 */
function isBrokenBy(subscription: Subscription, { position, delta }: LiveFrame): boolean {
  const { since: [life, sequence] = [0, 0], isBehind } = subscription.wanted;
  if (position.life > life) return true;
  if (position.life < life) return false;
  if (delta === undefined) return sequence < position.sequence;
  if (subscription.sequence === undefined && isBehind === true) return true;
  subscription.sequence ??= Math.max(sequence, delta.after);
  return false;
}

function told(subscription: Subscription, { life, sequence }: Position): void {
  const { wanted, session } = subscription;
  wanted.since = [life, sequence];
  delete wanted.isBehind;
  subscription.sequence = sequence;
  subscription.serving = undefined;
  session.save();
}

function setBehind({ wanted, session }: Subscription, isBehind: boolean): void {
  if ((wanted.isBehind ?? false) === isBehind) return;
  if (isBehind) wanted.isBehind = true;
  else delete wanted.isBehind;
  session.save();
}

function readerOf({ session, wanted, groupsKey, tag, known }: Subscription, sequence: number): Reader {
  const { id, groups } = wanted;
  const asks = session.credit?.asksNext === true;
  return { id, isCompact: session.isCompact, groups, groupsKey, tag, sequence, known, asks };
}
