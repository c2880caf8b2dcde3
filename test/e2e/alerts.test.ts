import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { AlertsAnswer, AlertSource } from "../../protocol/alert.ts";
import type { Silence } from "../../protocol/silence.ts";
import { Freshet } from "../helpers/freshet.ts";
import { WebhookReceiver } from "../helpers/webhook-receiver.ts";

let freshet: Freshet;
let receiver: WebhookReceiver;

beforeAll(async () => {
  freshet = await Freshet.start({ env: { ALERT_PRIVATE_WEBHOOKS: "true", IDLE_PARTITION_MS: "1000" } });
  receiver = await WebhookReceiver.start();
  const answer = await (await freshet.fetch("/v1/alerts/secret")).json();
  receiver.secret = (answer as { secret: string }).secret;
});
afterAll(async () => {
  await freshet?.stop();
  await receiver?.close();
});
beforeEach(() => {
  receiver.received.length = 0;
  receiver.answers = [];
});

/** A metric of a test's own, and a rule on it. */
async function define(name: string, rule: Partial<AlertSource> = {}): Promise<void> {
  await freshet.putMetric({
    name,
    event: name,
    aggregate: "max(value)",
    window: { type: "tumbling", size: "1s" },
    groupBy: ["host"],
    delay: "0s",
    lateness: "0s",
  });
  const alert: AlertSource = { name, metric: name, condition: "> 5", webhook: receiver.url, ...rule };
  const response = await freshet.fetch(`/v1/catalog/alerts/${name}`, {
    method: "PUT",
    body: JSON.stringify(alert),
  });
  if (!response.ok) throw new Error(`${response.status} ${await response.text()}`);
  // The rule looks at windows that begin from now on.
  await sleep(2_000);
}

/** One window above the bound: the next one, which is empty, resolves it. */
async function exceed(name: string, ...hosts: string[]): Promise<number> {
  const ts = Math.floor(Date.now() / 1_000) * 1_000;
  const lines = hosts.map((host) => JSON.stringify({ name, ts, value: 9, props: { host } }));
  await freshet.post(crypto.randomUUID(), lines.join("\n"));
  return ts + 1_000;
}

async function episodes(name: string): Promise<AlertsAnswer["episodes"]> {
  for (let tries = 1; ; tries++) {
    try {
      const answer = (await (await freshet.fetch("/v1/alerts")).json()) as AlertsAnswer;
      return answer.episodes.filter(({ alert }) => alert === name);
    } catch (error) {
      // It is being started again.
      if (tries === 100) throw error;
      await sleep(200);
    }
  }
}

async function episodesWhen(
  name: string,
  wanted: (all: AlertsAnswer["episodes"]) => boolean,
): Promise<AlertsAnswer["episodes"]> {
  const deadlineMs = Date.now() + 60_000;
  for (;;) {
    const all = await episodes(name);
    if (wanted(all) || Date.now() > deadlineMs) return all;
    await sleep(200);
  }
}

describe("alerts against a real webhook", () => {
  it("[A1] fires once and resolves once for each group, signed, through a receiver that fails", async () => {
    await define("failing");
    receiver.answers = [
      { type: "status", status: 500 },
      { type: "status", status: 429, headers: { "retry-after": "3" } },
      { type: "status", status: 302, headers: { location: "http://127.0.0.1:1/" } },
    ];
    const end = await exceed("failing", "a", "b");
    const taken = await receiver.untilAcknowledged(4, 60_000);
    expect(taken.map(({ type, group, firedAt, value }) => [type, group, firedAt, value])).toEqual([
      ["alert.fired", { host: "a" }, end, 9],
      ["alert.fired", { host: "b" }, end, 9],
      ["alert.resolved", { host: "a" }, end, null],
      ["alert.resolved", { host: "b" }, end, null],
    ]);
    expect(receiver.received.every(({ isGenuine }) => isGenuine)).toBe(true);
    expect(receiver.received).toHaveLength(7);
    const [first, second, third] = receiver.received;
    expect(second?.notification.id).toBe(first?.notification.id);
    expect((third?.atMs ?? 0) - (second?.atMs ?? 0)).toBeGreaterThanOrEqual(3_000);
    // The body is enough to tell a repeat, and what belongs together.
    expect(taken[0]?.episode).toBe(taken[2]?.episode);
    expect(new Set(taken.map(({ id }) => id)).size).toBe(4);
    expect(await episodes("failing")).toHaveLength(2);
  });

  it("[A1] a receiver that never answers is asked again, with the same notification", async () => {
    await define("silent");
    receiver.answers = [{ type: "silent" }];
    await exceed("silent", "a");
    await receiver.untilAcknowledged(2, 60_000);
    const [first, second] = receiver.received;
    expect(second?.notification).toEqual(first?.notification);
    expect((second?.atMs ?? 0) - (first?.atMs ?? 0)).toBeGreaterThanOrEqual(10_000);
  });

  it("[A1] killed between firing and delivery, and between delivery and noting it, each arrives, and a repeat is the same", async () => {
    await define("killed");
    const port = Number(new URL(receiver.url).port);
    // Fired while the receiver is away: nothing is delivered when the runtime is killed.
    await receiver.close();
    const end = await exceed("killed", "a", "b");
    const deadlineMs = Date.now() + 30_000;
    while ((await episodes("killed")).length < 2 && Date.now() < deadlineMs) await sleep(50);
    freshet.killWorkerd();
    // Back, it receives the first notification and dies with the sender before it has answered.
    receiver.answers = [{ type: "call", act: () => freshet.killWorkerd() }];
    await receiver.open();
    expect(Number(new URL(receiver.url).port)).toBe(port);
    const taken = await receiver.untilAcknowledged(4, 120_000);
    expect(taken.map(({ type, group }) => `${type} ${group["host"]}`).sort()).toEqual([
      "alert.fired a",
      "alert.fired b",
      "alert.resolved a",
      "alert.resolved b",
    ]);
    const [first] = receiver.received;
    expect(first?.status).toBe("none");
    // It came again, the same in every byte.
    expect(receiver.received.slice(1).map(({ notification }) => notification)).toContainEqual(
      first?.notification,
    );
    expect(receiver.received.every(({ isGenuine }) => isGenuine)).toBe(true);
    await sleep(5_000);
    expect(new Set(receiver.received.map(({ notification }) => notification.id)).size).toBe(4);
    expect((await episodes("killed")).map(({ firedAt, resolvedAt }) => [firedAt, resolvedAt])).toEqual([
      [end, end + 1_000],
      [end, end + 1_000],
    ]);
  });

  it("[A1] killed in a silence, and as it ends: what fires then is told once, what was resolved within it never", async () => {
    await define("silenced", { condition: "no data", groups: [{ host: "a" }, { host: "b" }], for: "3s" });
    const made = await freshet.fetch("/v1/alerts/silences", {
      method: "POST",
      body: JSON.stringify({ alert: "silenced", for: "25s", comment: "a deploy" }),
    });
    expect(made.status).toBe(201);
    const { until } = (await made.json()) as Silence;
    const known = await episodesWhen("silenced", (all) => all.length >= 2);
    expect(known.map(({ silenced }) => silenced)).toEqual([true, true]);
    freshet.killWorkerd();
    // One of them is resolved before the silence ends, as long as it sends.
    const beats = setInterval(() => void exceed("silenced", "b").catch(() => undefined), 700);
    await episodesWhen("silenced", (all) =>
      all.some(({ group, resolvedAt }) => group["host"] === "b" && resolvedAt !== null),
    );
    expect(Date.now()).toBeLessThan(until);
    expect(receiver.received).toEqual([]);
    clearInterval(beats);
    // Silent again, host b fires anew, perhaps when the silence is over: that is another episode.
    const resolvedB = known.find(({ group }) => group["host"] === "b")?.firedAt;
    // The first that arrives kills the sender before it is noted as delivered.
    receiver.answers = [{ type: "call", act: () => freshet.killWorkerd() }];
    const ofA = () => receiver.acknowledged.filter(({ group }) => group["host"] === "a");
    const arrives = async (count: number): Promise<void> => {
      const deadlineMs = Date.now() + 90_000;
      while (ofA().length < count && Date.now() < deadlineMs) await sleep(100);
    };
    await arrives(1);
    await exceed("silenced", "a");
    await arrives(2);
    const firedAt = known.find(({ group }) => group["host"] === "a")?.firedAt;
    expect(ofA().map((sent) => [sent.type, sent.firedAt])).toEqual([
      ["alert.fired", firedAt],
      ["alert.resolved", firedAt],
    ]);
    expect(ofA()[0]?.silencedUntil).toBeGreaterThanOrEqual(until);
    const [first] = receiver.received;
    expect(first?.status).toBe("none");
    expect(receiver.received.slice(1).map(({ notification }) => notification)).toContainEqual(
      first?.notification,
    );
    const ofResolved = receiver.received.filter(
      ({ notification: { group, firedAt: fired } }) => group["host"] === "b" && fired === resolvedB,
    );
    expect(ofResolved).toEqual([]);
  });
});
