import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Subscriptions } from "./subscriptions.ts";
import { SubscriptionServer } from "./subscription-server.ts";

const TICK_MS = 250;
const NOW_MS = 1_795_676_743_772;
/** How late a timer fires: those of every runtime do. */
const LATE_MS = 2;

beforeEach(() => {
  vi.useFakeTimers({ now: NOW_MS });
  const onTime = globalThis.setTimeout;
  vi.spyOn(globalThis, "setTimeout").mockImplementation(((task: () => void, ms: number) =>
    onTime(task, ms + LATE_MS)) as unknown as typeof setTimeout);
});

afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

/** When frames go to a client with a `maxRate`, while a metric changes with every tick. */
async function sentAt(maxRate: number, seconds: number): Promise<number[]> {
  const times: number[] = [];
  const subscriptions = new Subscriptions({ getWebSockets: () => [] });
  const server = new SubscriptionServer({
    subscriptions,
    watch: async () => ({
      ok: true,
      body: JSON.stringify({ position: { life: 1, sequence: 0 }, series: [], watermark: null }),
    }),
    send: () => times.push(Date.now()),
    refuse: (_, __, message) => {
      throw new Error(message);
    },
    keepAlive: () => {},
  });
  const socket = { serializeAttachment: () => {}, deserializeAttachment: () => null } as unknown as WebSocket;
  subscriptions.open(socket, false);
  const session = subscriptions.of(socket);
  const wanted = { id: "1", metric: "clicks", rangeMs: 60_000, maxRate };
  const subscription = session && subscriptions.add(session, wanted);
  if (subscription === undefined) throw new Error("there is no subscription");
  server.begin(subscription, undefined);
  for (let sequence = 1; sequence <= (seconds * 1_000) / TICK_MS; sequence++) {
    await vi.advanceTimersByTimeAsync(TICK_MS);
    const series = JSON.stringify([{ group: {}, t: [NOW_MS], v: [sequence], s: [0] }]);
    const delta = { after: sequence - 1, series, watermark: NOW_MS, lag: 1 };
    server.take("clicks", [{ metric: "clicks", position: { life: 1, sequence }, delta }], Date.now());
  }
  return times;
}

describe("[L5] maxRate", () => {
  it.each([0.5, 1, 2, 3, 3.7])("[L5] of %d frames a second is reached, and not exceeded", async (maxRate) => {
    const seconds = 60;
    const times = await sentAt(maxRate, seconds);
    expect(times.length).toBeGreaterThan(0.95 * seconds * maxRate - 2);
    for (const [i, time] of times.entries()) {
      // As many as there are in a span of any length, and one at its end.
      for (const [later, other] of times.slice(i).entries())
        expect(later).toBeLessThanOrEqual(((other - time + LATE_MS) / 1_000) * maxRate + 1e-6);
    }
  });
});
