import { parseDuration } from "../../protocol/time.ts";
import {
  type ConnectionState,
  LiveConnection,
  type Refusal,
  type SeriesHandler,
  type SeriesRequest,
} from "./connection.ts";
import { LivePicture } from "./picture.ts";
import { webSocketEnvironment } from "./web-socket.ts";

export type { DeltaMessage, ErrorMessage, SnapshotMessage } from "../../protocol/live.ts";
export { type Group, POINT_STATE, type PointState, type Series } from "../../protocol/series.ts";
export {
  type ConnectionEnvironment,
  type ConnectionState,
  LiveConnection,
  type Refusal,
  type SeriesHandler,
  type SeriesRequest,
} from "./connection.ts";
export { LivePicture, type Point } from "./picture.ts";
export { webSocketEnvironment } from "./web-socket.ts";

export interface LiveOptions {
  /** Where Freshet is, such as `https://stats.example`. */
  url: string;
  /** A read key. */
  key: string;
  /** Told whenever the connection is opened, lost, or refused; never before the constructor has returned. */
  onState?: (state: ConnectionState) => void;
  /** Told when the key is refused for good: nothing is tried again, and another key is needed. */
  onRefused?: (refusal: Refusal) => void;
}

/** What has come of a subscription. */
export interface SubscriptionStats {
  snapshots: number;
  /** Snapshots that held only what was missed. */
  recovered: number;
  deltas: number;
  /** Frames that came merged into others, because this client was slow or asked for few. */
  merged: number;
}

/** One subscription, its picture kept up to date. */
export interface LiveSubscription {
  readonly picture: LivePicture;
  readonly stats: Readonly<SubscriptionStats>;
  close(): void;
}

/** A live connection to Freshet. */
export class FreshetLive {
  readonly #connection: LiveConnection;

  /** @throws TypeError when the address is none. */
  constructor({ url, key, onState, onRefused }: LiveOptions) {
    const tell = (state: ConnectionState): void => {
      onState?.(state);
      if (state.refusal !== undefined) onRefused?.(state.refusal);
    };
    this.#connection = new LiveConnection(webSocketEnvironment(url, key), (state) => {
      queueMicrotask(() => tell(state));
    });
    this.#connection.start();
  }

  get state(): ConnectionState {
    return this.#connection.state;
  }

  /**
   * Asks for the last `range` of a metric and every change from then on.
   *
   * @param handler told of each message after the picture has taken it.
   */
  subscribe(request: SeriesRequest, handler: Partial<SeriesHandler> = {}): LiveSubscription {
    const picture = new LivePicture();
    const stats: SubscriptionStats = { snapshots: 0, recovered: 0, deltas: 0, merged: 0 };
    const rangeMs = parseDuration(request.range) ?? Number.POSITIVE_INFINITY;
    // By the server's time: this machine's clock may be hours off.
    const trim = (): void => picture.trim((picture.watermark ?? 0) - rangeMs);
    const close = this.#connection.subscribe(request, {
      snapshot: (message) => {
        picture.snapshot(message);
        trim();
        stats.snapshots++;
        if (message.recovered) stats.recovered++;
        handler.snapshot?.(message);
      },
      delta: (message) => {
        picture.delta(message);
        trim();
        stats.deltas++;
        stats.merged += message.merged ?? 0;
        handler.delta?.(message);
      },
      error: (message) => handler.error?.(message),
    });
    return { picture, stats, close };
  }

  /** The network is back, or the page is seen again: tries at once, and trusts no connection that may have died. */
  wake(): void {
    this.#connection.wake();
  }

  /** The network is gone: does not wait for a connection that seems open, but tries anew until it is back. */
  offline(): void {
    this.#connection.offline();
  }

  /** Ends the connection and all subscriptions. */
  close(): void {
    this.#connection.close();
  }
}
