import { connect as connectPlain, type OnReadOpts, type Socket } from "node:net";
import { connect as connectTls, type ConnectionOptions } from "node:tls";
import { type Cluster, type ISocketFactory, Kafka, logLevel, type PartitionAssigner } from "kafkajs";
import type { KafkaSettings } from "../settings.ts";
import { LogUnavailableError } from "./event-log.ts";
import { reasonOf, retryDelayMs, TimeoutError } from "./kafka-errors.ts";

/** Longest that one broker may take to accept. A dead address can hold one of a Worker's six dialling slots. */
const CONNECT_TIMEOUT_MS = 3_000;
/** Longest that a call may take, its waiting for records aside. The caller has somewhere to keep what failed. */
const CALL_TIMEOUT_MS = 5_000;

/** By default workerd reads sockets 4 KiB at a time: an answer of a megabyte in 256 turns. */
const READ_BYTES = 64 * 1024;

/** A connection that answered; `cluster` finds brokers by what they lead. */
interface Session {
  cluster: Cluster;
  opened: boolean;
  ready: Promise<void>;
  calls: number;
  dropped: boolean;
  destroy(): void;
}

/**
 * One object's connection to Kafka. It opens on first use; whatever fails, it is thrown away whole and
 * the next call opens another. That makes a broken socket, a restarted broker, a moved partition and
 * stale metadata one and the same case.
 *
 * kafkajs hands its cluster, which sends single requests to single brokers, to partition assigners and to
 * nobody else. So the consumer made here never runs: it is the public way to that cluster. A consumer that
 * runs would join a group, and after a crash wait half a minute until the group has given its dead self up.
 */
export class KafkaConnection {
  readonly #settings: KafkaSettings;
  readonly #prepare: (cluster: Cluster) => Promise<void>;
  #session: Session | undefined;

  /** @param prepare runs once on every new connection before anything else. */
  constructor(settings: KafkaSettings, prepare: (cluster: Cluster) => Promise<void>) {
    this.#settings = settings;
    this.#prepare = prepare;
  }

  /**
   * Runs `work` on the connection, and again on a new one where {@link retryDelayMs} says so.
   *
   * @param what the work in words, for the error: "Kafka at … did not {what}: …".
   * @param waitMs how long the work itself waits, on top of the time that any call may take.
   * @throws LogUnavailableError
   */
  async run<T>(what: string, waitMs: number, work: (cluster: Cluster) => Promise<T>): Promise<T> {
    const beganMs = Date.now();
    for (let tries = 1; ; tries++) {
      const session = (this.#session ??= this.#open());
      const proven = session.opened;
      try {
        return await this.#attempt(session, waitMs, work);
      } catch (error) {
        this.#drop(session);
        const delayMs = retryDelayMs(error, { proven, tries, elapsedMs: Date.now() - beganMs });
        if (delayMs === undefined) throw this.#unavailable(what, error);
        await new Promise((resolve) => setTimeout(resolve, delayMs));
      }
    }
  }

  close(): void {
    if (this.#session) this.#drop(this.#session);
  }

  async #attempt<T>(session: Session, waitMs: number, work: (cluster: Cluster) => Promise<T>): Promise<T> {
    session.calls++;
    try {
      return await within(
        CALL_TIMEOUT_MS + waitMs,
        session.ready.then(() => work(session.cluster)),
      );
    } finally {
      session.calls--;
      if (session.dropped && session.calls === 0) session.destroy();
    }
  }

  /** Calls that others still have on a dropped connection may end well: the last of them closes it. */
  #drop(session: Session): void {
    if (this.#session === session) this.#session = undefined;
    session.dropped = true;
    if (session.calls === 0) session.destroy();
  }

  #open(): Session {
    const sockets = trackSockets();
    const cluster = openCluster(this.#settings, sockets.factory);
    const session: Session = {
      cluster,
      opened: false,
      ready: this.#connect(cluster),
      calls: 0,
      dropped: false,
      destroy: sockets.destroy,
    };
    session.ready.then(
      () => (session.opened = true),
      () => {},
    );
    return session;
  }

  async #connect(cluster: Cluster): Promise<void> {
    await cluster.connect();
    await this.#prepare(cluster);
  }

  #unavailable(what: string, error: unknown): LogUnavailableError {
    if (error instanceof LogUnavailableError) return error;
    const { brokers, tls } = this.#settings;
    const why = reasonOf(error, tls);
    return new LogUnavailableError(`Kafka at ${brokers.join(", ")} did not ${what}: ${why}`, {
      cause: error,
    });
  }
}

async function within<T>(limitMs: number, work: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new TimeoutError(`no answer within ${limitMs} ms`)), limitMs);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** The settings as kafkajs wants them. */
export function clientOf(settings: KafkaSettings, socketFactory?: ISocketFactory): Kafka {
  const { brokers, tls, sasl } = settings;
  return new Kafka({
    clientId: "freshet",
    brokers,
    ssl: tls,
    ...(sasl ? { sasl: sasl as never } : {}),
    connectionTimeout: CONNECT_TIMEOUT_MS,
    authenticationTimeout: CONNECT_TIMEOUT_MS,
    // We bound each call ourselves; kafkajs would run a timer ten times a second for every socket.
    enforceRequestTimeout: false,
    // A try for each broker of the list, and a second for a new cluster to name a group's coordinator.
    retry: { retries: brokers.length + 4, initialRetryTime: 50, maxRetryTime: 200 },
    // What goes wrong comes back as an error.
    logLevel: logLevel.NOTHING,
    ...(socketFactory ? { socketFactory } : {}),
  });
}

function openCluster(settings: KafkaSettings, socketFactory: ISocketFactory): Cluster {
  let cluster: Cluster | undefined;
  const capture: PartitionAssigner = (given) => {
    cluster = given.cluster;
    const unused = (): never => {
      throw new Error("this consumer never joins its group");
    };
    return { name: "none", version: 1, assign: unused, protocol: unused };
  };
  const groupId = "freshet-unused";
  clientOf(settings, socketFactory).consumer({
    groupId,
    partitionAssigners: [capture],
    allowAutoTopicCreation: false,
  });
  if (cluster === undefined)
    throw new Error("kafkajs 2.2.4 hands its cluster to partition assigners; this one did not");
  return cluster;
}

/** Our own sockets, so that a connection can be cut: kafkajs's `disconnect` waits for answers that may never come. */
function trackSockets(): { factory: ISocketFactory; destroy: () => void } {
  const sockets = new Set<ReturnType<ISocketFactory>>();
  let destroyed = false;
  return {
    factory({ host, port, ssl, onConnect }) {
      if (destroyed) throw new Error("the connection was closed by its owner");
      // With `onread` a socket emits no 'data' of its own, and kafkajs waits for that.
      const onread: OnReadOpts = {
        buffer: () => new Uint8Array(READ_BYTES),
        callback: (length, buffer) =>
          socket.emit("data", Buffer.from(buffer.buffer, buffer.byteOffset, length)),
      };
      const tlsOptions: ConnectionOptions & { onread: OnReadOpts } = {
        host,
        port,
        servername: host,
        onread,
        ...ssl,
      };
      const socket: Socket = ssl
        ? connectTls(tlsOptions, onConnect)
        : connectPlain({ host, port, onread }, onConnect);
      sockets.add(socket);
      socket.once("close", () => sockets.delete(socket));
      return socket;
    },
    destroy() {
      destroyed = true;
      for (const socket of sockets) socket.destroy(new Error("the connection was closed by its owner"));
    },
  };
}
