import { beforeEach, describe, expect, it } from "vitest";
import { encodeFrame } from "../../protocol/live-binary.ts";
import type { DeltaMessage, ErrorMessage, SnapshotMessage } from "../../protocol/live.ts";
import {
  LiveConnection,
  type ConnectionEnvironment,
  type ConnectionState,
  type SocketEvents,
} from "./connection.ts";

/** A socket under the test's control. */
class FakeSocket {
  readonly events: SocketEvents;
  readonly sent: string[] = [];
  closed = false;

  constructor(events: SocketEvents) {
    this.events = events;
  }

  send(text: string): void {
    this.sent.push(text);
  }

  close(): void {
    this.closed = true;
  }

  /** What was sent, read as JSON; pings left out. */
  get messages(): unknown[] {
    return this.sent.filter((text) => text !== "ping").map((text) => JSON.parse(text) as unknown);
  }

  get pings(): number {
    return this.sent.filter((text) => text === "ping").length;
  }

  receive(message: object | string): void {
    this.events.message(typeof message === "string" ? message : JSON.stringify(message));
  }
}

/** A clock that only the test moves, with the timers that hang on it. */
class FakeEnvironment implements ConnectionEnvironment {
  readonly sockets: FakeSocket[] = [];
  readonly #timers = new Set<{ atMs: number; task: () => void }>();
  #nowMs = 0;
  randomness = 0.5;

  connect(events: SocketEvents): FakeSocket {
    const socket = new FakeSocket(events);
    this.sockets.push(socket);
    return socket;
  }

  nowMs(): number {
    return this.#nowMs;
  }

  random(): number {
    return this.randomness;
  }

  after(ms: number, task: () => void): () => void {
    const timer = { atMs: this.#nowMs + ms, task };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  advance(ms: number): void {
    const untilMs = this.#nowMs + ms;
    for (;;) {
      const due = [...this.#timers].filter(({ atMs }) => atMs <= untilMs).sort((a, b) => a.atMs - b.atMs)[0];
      if (due === undefined) break;
      this.#timers.delete(due);
      this.#nowMs = due.atMs;
      due.task();
    }
    this.#nowMs = untilMs;
  }

  get socket(): FakeSocket {
    const last = this.sockets.at(-1);
    if (last === undefined) throw new Error("no socket was opened");
    return last;
  }
}

class Recorder {
  readonly snapshots: SnapshotMessage[] = [];
  readonly deltas: DeltaMessage[] = [];
  readonly errors: ErrorMessage[] = [];
  snapshot = (message: SnapshotMessage): unknown => this.snapshots.push(message);
  delta = (message: DeltaMessage): unknown => this.deltas.push(message);
  error = (message: ErrorMessage): unknown => this.errors.push(message);
}

const snapshot = (id: string, cursor: string, recovered = false) => ({
  type: "snapshot",
  id,
  cursor,
  recovered,
  series: [],
  watermark: null,
});
const delta = (id: string, cursor: string) => ({
  type: "delta",
  id,
  cursor,
  series: [],
  watermark: null,
  lag: 1,
});

let environment: FakeEnvironment;
let states: ConnectionState[];
let connection: LiveConnection;

beforeEach(() => {
  environment = new FakeEnvironment();
  states = [];
  connection = new LiveConnection(environment, (state) => states.push(state));
  connection.start();
});

describe("Connection", () => {
  it("[L2] subscribes what was asked for before it opened, and what is asked for later", () => {
    connection.subscribe({ metric: "a", range: "15m" }, new Recorder());
    expect(environment.socket.messages).toEqual([]);
    environment.socket.events.open();
    connection.subscribe({ metric: "b", range: "1m", groups: [{ host: "x" }] }, new Recorder());
    expect(environment.socket.messages).toEqual([
      { type: "subscribe", id: "s1", metric: "a", range: "15m" },
      { type: "subscribe", id: "s2", metric: "b", range: "1m", groups: [{ host: "x" }] },
    ]);
  });

  it("[L2] hands each message to its own subscription only", () => {
    const [a, b] = [new Recorder(), new Recorder()];
    connection.subscribe({ metric: "a", range: "15m" }, a);
    connection.subscribe({ metric: "b", range: "15m" }, b);
    environment.socket.events.open();
    environment.socket.receive(snapshot("s1", "c1"));
    environment.socket.receive(delta("s2", "c2"));
    environment.socket.receive({ type: "error", id: "s2", code: "unknown_metric", message: "no" });
    environment.socket.receive("{ not json");
    environment.socket.receive(delta("s99", "c3"));
    expect([a.snapshots.length, a.deltas.length, a.errors.length]).toEqual([1, 0, 0]);
    expect([b.snapshots.length, b.deltas.length, b.errors.length]).toEqual([0, 1, 1]);
  });

  it("[L2] unsubscribes, and does not subscribe again after a loss", () => {
    const stop = connection.subscribe({ metric: "a", range: "15m" }, new Recorder());
    environment.socket.events.open();
    stop();
    expect(environment.socket.messages.at(-1)).toEqual({ type: "unsubscribe", id: "s1" });
    environment.socket.events.close(1006, "");
    environment.advance(1_000);
    environment.socket.events.open();
    expect(environment.socket.messages).toEqual([]);
  });

  it("subscribes again with the last cursor after a loss", () => {
    const recorder = new Recorder();
    connection.subscribe({ metric: "a", range: "15m" }, recorder);
    environment.socket.events.open();
    environment.socket.receive(snapshot("s1", "c1"));
    environment.socket.receive(delta("s1", "c7"));
    environment.socket.events.close(1006, "");
    environment.advance(500);
    environment.socket.events.open();
    expect(environment.socket.messages).toEqual([
      { type: "subscribe", id: "s1", metric: "a", range: "15m", cursor: "c7" },
    ]);
    expect(connection.state).toMatchObject({ phase: "open", reconnects: 1 });
  });

  it("waits longer after each failure, by full jitter, up to a bound", () => {
    environment.randomness = 1;
    const waits: number[] = [];
    for (let i = 0; i < 8; i++) {
      environment.socket.events.close(1006, "");
      const { retryAtMs = 0 } = connection.state;
      waits.push(retryAtMs - environment.nowMs());
      environment.advance(retryAtMs - environment.nowMs());
    }
    expect(waits).toEqual([500, 1_000, 2_000, 4_000, 8_000, 15_000, 15_000, 15_000]);
    environment.randomness = 0.1;
    environment.socket.events.close(1006, "");
    expect((connection.state.retryAtMs ?? 0) - environment.nowMs()).toBe(1_500);
  });

  it("begins the backoff anew only after a connection that lasted", () => {
    environment.randomness = 1;
    for (let i = 0; i < 3; i++) {
      environment.socket.events.open();
      environment.socket.events.close(1011, "");
      environment.advance((connection.state.retryAtMs ?? 0) - environment.nowMs());
    }
    environment.socket.events.close(1006, "");
    expect((connection.state.retryAtMs ?? 0) - environment.nowMs()).toBe(4_000);
    environment.advance(4_000);
    environment.socket.events.open();
    environment.advance(6_000);
    environment.socket.events.close(1006, "");
    expect((connection.state.retryAtMs ?? 0) - environment.nowMs()).toBe(500);
  });

  it("[L2] pings every 20 s and takes any answer for life", () => {
    environment.socket.events.open();
    environment.advance(20_000);
    expect(environment.socket.pings).toBe(1);
    environment.socket.receive("pong");
    environment.advance(20_000);
    expect(environment.socket.pings).toBe(2);
    environment.socket.receive(delta("s1", "c1"));
    environment.advance(19_000);
    expect(connection.state.phase).toBe("open");
  });

  it("leaves a connection that answers no ping, and ignores what it still says", () => {
    const recorder = new Recorder();
    connection.subscribe({ metric: "a", range: "15m" }, recorder);
    environment.socket.events.open();
    const dead = environment.socket;
    environment.advance(28_000);
    expect(connection.state.phase).toBe("waiting");
    expect(dead.closed).toBe(true);
    dead.receive(snapshot("s1", "old"));
    dead.events.close(1006, "");
    expect(recorder.snapshots).toEqual([]);
    expect(environment.sockets.length).toBe(1);
  });

  it("gives up an attempt that gets no answer", () => {
    environment.advance(10_000);
    expect(connection.state.phase).toBe("waiting");
    environment.advance(500);
    expect(environment.sockets.length).toBe(2);
  });

  it("connects at once when woken while waiting, and tests the connection when woken while open", () => {
    environment.randomness = 1;
    for (let i = 0; i < 6; i++) {
      environment.socket.events.close(1006, "");
      environment.advance(i < 5 ? 15_000 : 0);
    }
    const attempts = environment.sockets.length;
    connection.wake();
    expect(environment.sockets.length).toBe(attempts + 1);
    environment.socket.events.open();
    connection.wake();
    expect(environment.socket.pings).toBe(1);
    environment.advance(2_500);
    expect(connection.state.phase).toBe("waiting");
  });

  it("[L2] asks again for a metric that is not there yet, but not for what was asked wrongly", () => {
    connection.subscribe({ metric: "later", range: "15m" }, new Recorder());
    connection.subscribe({ metric: "bad", range: "15m" }, new Recorder());
    environment.socket.events.open();
    environment.socket.receive({ type: "error", id: "s1", code: "unknown_metric", message: "no" });
    environment.socket.receive({ type: "error", id: "s2", code: "bad_message", message: "no" });
    environment.advance(10_000);
    expect(environment.socket.messages.slice(2)).toEqual([
      { type: "subscribe", id: "s1", metric: "later", range: "15m" },
    ]);
  });

  it("[L2] asks no more for what its own handler has given up, and again where the handler has failed", () => {
    const [given, failing] = [new Recorder(), new Recorder()];
    const end = connection.subscribe({ metric: "given", range: "15m" }, given);
    given.error = () => end();
    failing.error = () => {
      throw new Error("the page's own fault");
    };
    connection.subscribe({ metric: "failing", range: "15m" }, failing);
    environment.socket.events.open();
    const unknown = { type: "error", code: "unknown_metric", message: "no" };
    environment.socket.receive({ ...unknown, id: "s1" });
    expect(() => environment.socket.receive({ ...unknown, id: "s2" })).toThrow("the page's own fault");
    environment.advance(10_000);
    expect(environment.socket.messages.slice(2)).toEqual([
      { type: "unsubscribe", id: "s1" },
      { type: "subscribe", id: "s2", metric: "failing", range: "15m" },
    ]);
  });

  it("[U3] the network's word that it is gone is taken at once, and that it is back, too", () => {
    environment.randomness = 1;
    environment.socket.events.open();
    connection.offline();
    expect(connection.state.phase).toBe("waiting");
    expect(environment.socket.closed).toBe(true);
    connection.offline();
    // A server on this machine is there all the same.
    environment.advance(500);
    expect(connection.state.phase).toBe("connecting");
    environment.socket.events.close(1006, "");
    connection.wake();
    environment.socket.events.open();
    expect(connection.state).toEqual({ phase: "open", reconnects: 1 });
  });

  it.each([
    [4401, "unauthorized"],
    [4403, "forbidden"],
    [1008, "unauthorized"],
  ])("[L3] a refusal (%i) that will not pass ends the trying, and is told by its kind", (code, kind) => {
    connection.subscribe({ metric: "a", range: "15m" }, new Recorder());
    environment.socket.events.open();
    environment.socket.receive({ type: "error", id: "s1", code: "unknown_metric", message: "no" });
    environment.socket.events.close(code, "the key is not known");
    const refusal = { code: kind, message: "the key is not known" };
    expect(connection.state).toEqual({ phase: "closed", reconnects: 0, refusal });
    connection.wake();
    environment.advance(600_000);
    expect(environment.sockets.length).toBe(1);
    expect(states.filter((state) => state.refusal !== undefined)).toHaveLength(1);
  });

  it("[L3] a refusal is told by an error of no subscription, without waiting for the close; one of a subscription is none", () => {
    connection.subscribe({ metric: "a", range: "15m" }, new Recorder());
    environment.socket.events.open();
    environment.socket.receive({ type: "error", id: "s1", code: "forbidden", message: "not shared" });
    environment.socket.receive({ type: "error", code: "too_large", message: "the message has 9000 bytes" });
    expect(connection.state.phase).toBe("open");
    const refusal = { code: "unauthorized", message: "the key has been removed" };
    environment.socket.receive({ type: "error", ...refusal });
    environment.socket.events.close(4401, "the key has been removed");
    expect(connection.state).toEqual({ phase: "closed", reconnects: 0, refusal });
    expect(environment.socket.closed).toBe(true);
    environment.advance(600_000);
    expect(environment.sockets.length).toBe(1);
  });

  it("[L3] whatever else closes a socket is tried again, with jitter: no answer, a deploy, too many", () => {
    environment.randomness = 1;
    for (const code of [1000, 1001, 1005, 1006, 1011, 1012, 1013, 4000, 4429]) {
      const attempts = environment.sockets.length;
      environment.socket.events.close(code, "");
      expect(connection.state.phase).toBe("waiting");
      environment.advance((connection.state.retryAtMs ?? 0) - environment.nowMs());
      expect(environment.sockets.length).toBe(attempts + 1);
    }
  });

  it("leaves no timer behind when it is closed", () => {
    connection.subscribe({ metric: "a", range: "15m" }, new Recorder());
    environment.socket.events.open();
    environment.socket.receive({ type: "error", id: "s1", code: "unavailable", message: "no" });
    connection.close();
    const sent = environment.socket.sent.length;
    environment.advance(600_000);
    expect(environment.sockets.length).toBe(1);
    expect(environment.socket.sent.length).toBe(sent);
    expect(connection.state.phase).toBe("closed");
  });

  it("[L5] acknowledges what it has taken when the server asks", () => {
    connection.subscribe({ metric: "a", range: "15m" }, new Recorder());
    environment.socket.events.open();
    environment.socket.receive(snapshot("s1", "c1"));
    environment.socket.receive(delta("s1", "c2"));
    expect(environment.socket.messages).toHaveLength(1);
    environment.socket.receive({ ...delta("s1", "c3"), ack: true });
    expect(environment.socket.messages.at(-1)).toEqual({ type: "ack", frames: 3 });
    environment.socket.receive({ ...delta("s1", "c4"), ack: true });
    expect(environment.socket.messages.at(-1)).toEqual({ type: "ack", frames: 1 });
  });

  it("[L5] acknowledges what a handler has failed at, too: nothing would come any more", () => {
    const recorder = new Recorder();
    let failures = 1;
    const take = recorder.delta;
    recorder.delta = (message) => {
      if (failures-- > 0) throw new Error("the page's own fault");
      return take(message);
    };
    connection.subscribe({ metric: "a", range: "15m" }, recorder);
    environment.socket.events.open();
    const received = () => environment.socket.receive({ ...delta("s1", "c1"), ack: true });
    expect(received).toThrow("the page's own fault");
    expect(environment.socket.messages.at(-1)).toEqual({ type: "ack", frames: 1 });
    received();
    expect(recorder.deltas).toHaveLength(1);
    expect(environment.socket.messages.at(-1)).toEqual({ type: "ack", frames: 1 });
  });

  it("[L2] a compact frame that was under way when its subscription ended is acknowledged and left", () => {
    const end = connection.subscribe({ metric: "a", range: "15m" }, new Recorder());
    environment.socket.events.open();
    const numbers = { generation: 1, numberOf: () => 0, named: [[0, { campaign: "a" }] as const] };
    const series = [{ group: { campaign: "a" }, t: [1], v: [1], s: [0 as const] }];
    const message = { ...delta("s1", "c1"), type: "delta" as const, series };
    environment.socket.events.message(encodeFrame(message, numbers));
    end();
    environment.socket.events.message(encodeFrame({ ...message, ack: true }, { ...numbers, named: [] }));
    expect(connection.state.phase).toBe("open");
    expect(environment.socket.messages.at(-1)).toEqual({ type: "ack", frames: 2 });
  });

  it("[L3] reads compact frames, and begins anew when it cannot", () => {
    const recorder = new Recorder();
    connection.subscribe({ metric: "a", range: "15m" }, recorder);
    environment.socket.events.open();
    const message = { ...delta("s1", "c1"), type: "delta" as const };
    const none = { generation: 1, numberOf: () => 0, named: [] };
    environment.socket.events.message(encodeFrame(message, none));
    expect(recorder.deltas).toEqual([message]);
    const nameless = { ...message, series: [{ group: {}, t: [1], v: [1], s: [0 as const] }] };
    environment.socket.events.message(encodeFrame(nameless, none));
    environment.advance(1_000);
    environment.socket.events.open();
    expect(environment.sockets).toHaveLength(2);
    expect(environment.socket.messages).toEqual([{ type: "subscribe", id: "s1", metric: "a", range: "15m" }]);
  });
});
