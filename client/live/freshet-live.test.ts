import { afterEach, describe, expect, it, vi } from "vitest";
import { FreshetLive } from "./freshet-live.ts";

/** Nothing listens there. */
const NOWHERE = "http://127.0.0.1:9";

/** A socket that opens by itself, and says what the test says. */
class FakeSocket extends EventTarget {
  static readonly OPEN = 1;
  static last: FakeSocket | undefined;
  readonly readyState = FakeSocket.OPEN;
  readonly sent: string[] = [];

  constructor() {
    super();
    FakeSocket.last = this;
    queueMicrotask(() => this.dispatchEvent(new Event("open")));
  }

  send(text: string): void {
    this.sent.push(text);
  }

  close(): void {}

  receive(message: object): void {
    this.dispatchEvent(new MessageEvent("message", { data: JSON.stringify(message) }));
  }
}

afterEach(() => {
  vi.unstubAllGlobals();
});

describe("FreshetLive", () => {
  it("[L1] a handler may use what is declared after it, and is told each state in order", async () => {
    const told: string[] = [];
    const live = new FreshetLive({
      url: NOWHERE,
      key: "demo-read",
      onState: ({ phase }) => told.push(`${phase} of ${live === undefined ? "nothing" : "it"}`),
    });
    expect(told).toEqual([]);
    live.close();
    await Promise.resolve();
    expect(told).toEqual(["connecting of it", "closed of it"]);
  });

  it("[L3] what its picture holds is reckoned by the server's time, whatever this machine's clock says", async () => {
    vi.stubGlobal("WebSocket", FakeSocket);
    const live = new FreshetLive({ url: NOWHERE, key: "demo-read" });
    const { picture } = live.subscribe({ metric: "clicks", range: "1m" });
    await Promise.resolve();
    const common = { id: "s1", cursor: "c" };
    const points = (...t: number[]) => [{ group: {}, t, v: t.map(() => 1), s: t.map(() => 0) }];
    const serverMs = Date.now() - 3_600_000;
    const snapshot = { type: "snapshot", ...common, recovered: false, watermark: serverMs };
    FakeSocket.last?.receive({ ...snapshot, series: points(serverMs - 50_000, serverMs) });
    expect(picture.points({})).toHaveLength(2);
    const delta = { type: "delta", ...common, lag: 1, watermark: serverMs + 20_000 };
    FakeSocket.last?.receive({ ...delta, series: points(serverMs + 20_000) });
    expect(picture.points({}).map(({ t }) => t - serverMs)).toEqual([0, 20_000]);
    expect(picture.newest({})?.t).toBe(serverMs + 20_000);
    live.close();
  });

  it("[L3] is told when the network has gone, and when it is back", async () => {
    vi.stubGlobal("WebSocket", FakeSocket);
    const live = new FreshetLive({ url: NOWHERE, key: "demo-read" });
    await Promise.resolve();
    expect(live.state.phase).toBe("open");
    live.offline();
    expect(live.state.phase).toBe("waiting");
    live.wake();
    expect(live.state.phase).toBe("connecting");
    await Promise.resolve();
    expect(live.state).toMatchObject({ phase: "open", reconnects: 1 });
    live.close();
  });
});
