import {
  type ConnectionEnvironment,
  LiveConnection,
  type SocketEvents,
} from "../../client/live/connection.ts";
import { LivePicture } from "../../client/live/picture.ts";
import { hubName } from "../../durable-objects/live/hub-tree.ts";
import type { Client } from "./client.ts";
import type { Deployment } from "./deployment.ts";
import type { Watching } from "./live-scenario.ts";
import type { ClientSocket } from "./simulated-socket.ts";
import type { World } from "./world.ts";

const NOBODY_LOOKS = { snapshot: () => undefined, delta: () => undefined, error: () => undefined };

/** Someone who watches one metric, by the client library over simulated sockets. */
export class LiveWatcher {
  readonly watching: Watching;
  readonly picture = new LivePicture();
  /** What the server last said instead of points. */
  error: string | undefined;
  merged = 0;
  recovered = 0;
  readonly #world: World;
  readonly #connection: LiveConnection;
  #unsubscribe: () => void;
  #socket: ClientSocket | undefined;
  #isAsleep = false;
  #isAway = false;
  #hasEnded = false;

  constructor(world: World, client: Client, deployment: Deployment, project: string, watching: Watching) {
    this.#world = world;
    this.watching = watching;
    const hub = deployment.object("LIVE_HUB", hubName(project, watching.hub));
    const connect = (events: SocketEvents) => {
      const socket = hub.connect(client, events, { "sec-websocket-protocol": watching.protocol });
      this.#socket = socket;
      if (this.#isAsleep) socket.pause();
      // Of the first protocol one who has never acknowledged is not asked to.
      let isAsked = watching.isMute || watching.protocol === "freshet.v2";
      const send = (text: string): void => {
        if (!watching.isMute || !text.includes('"ack"')) socket.send(text);
        if (!isAsked) socket.send('{"type":"ack","frames":1}');
        isAsked = true;
      };
      return { send, close: () => socket.close() };
    };
    this.#connection = new LiveConnection(environment(world, connect), () => undefined);
    this.#unsubscribe = this.#subscribe();
    this.#connection.start();
  }

  /** @returns what ends it. */
  #subscribe(): () => void {
    const { metric, maxRate, groups } = this.watching;
    const request = {
      metric,
      range: "10m",
      ...(maxRate !== undefined && { maxRate }),
      ...(groups !== undefined && { groups }),
    };
    return this.#connection.subscribe(request, {
      snapshot: (message) => {
        this.error = undefined;
        if (message.recovered) this.recovered++;
        this.picture.snapshot(message);
      },
      delta: (message) => {
        this.merged += message.merged ?? 0;
        this.picture.delta(message);
      },
      error: ({ message }) => (this.error = message),
    });
  }

  /** Looks at other metrics, too, for a while, and then at its own anew, as a page does that goes to another dashboard and back. */
  browse(metrics: readonly string[], ms: number): void {
    const others = metrics.map((metric) =>
      this.#connection.subscribe({ metric, range: "10m" }, NOBODY_LOOKS),
    );
    this.#world.after(ms, () => {
      for (const end of [...others, this.#unsubscribe]) end();
      this.#unsubscribe = this.#subscribe();
    });
  }

  /** The network fails: both ends learn of it, each in its time. */
  cutOff(): void {
    this.#socket?.cutOff();
  }

  sleep(ms: number): void {
    this.#isAsleep = true;
    this.#socket?.pause();
    this.#world.after(ms, () => {
      this.#isAsleep = false;
      this.#socket?.goOn();
    });
  }

  leave(ms: number): void {
    if (this.#isAway) return;
    this.#isAway = true;
    this.#connection.close();
    this.#world.after(ms, () => {
      if (this.#hasEnded) return;
      this.#isAway = false;
      this.#connection.start();
    });
  }

  end(): void {
    this.#hasEnded = true;
    this.#connection.close();
  }
}

function environment(world: World, connect: ConnectionEnvironment["connect"]): ConnectionEnvironment {
  return {
    connect,
    nowMs: () => world.nowMs,
    random: () => world.random.next(),
    after: (ms, task) => world.after(ms, task),
  };
}
