import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { AlertSender } from "../../durable-objects/alerts/alert-sender.ts";
import { AlertStore } from "../../durable-objects/storage/alert-store.ts";
import {
  type Delivery,
  type DeliveryOutcome,
  newWebhookSecret,
  signatureHeaders,
  WebhookClient,
} from "../../durable-objects/storage/webhook-client.ts";
import type { AlertNotification } from "../../protocol/alert.ts";
import { LIMITS } from "../../protocol/limits.ts";

function notification(alert: string, n: number): AlertNotification {
  return {
    id: `p:${n}:0:fired`,
    type: "alert.fired",
    episode: `p:${n}:0`,
    project: "p",
    alert,
    metric: "m",
    group: {},
    condition: "> 5",
    for: "0s",
    value: n,
    firedAt: 0,
  };
}

/** An outbox on the disk of an object of its own, and a webhook that answers as it is told. */
class Desk {
  readonly store: AlertStore;
  readonly sent: string[] = [];
  readonly wokenBy: number[] = [];
  outcome: (delivery: Delivery) => DeliveryOutcome | Promise<DeliveryOutcome> = () => ({
    type: "delivered",
  });
  /** Of every rule; "": they have none; undefined: they are gone. */
  webhook: string | undefined;
  webhooks: Record<string, string> = {};
  runs = 0;
  readonly #storage: DurableObjectStorage;
  #running: Promise<void>[] = [];

  constructor(storage: DurableObjectStorage) {
    this.#storage = storage;
    this.store = new AlertStore(storage);
  }

  open(): AlertSender {
    return new AlertSender({
      store: this.store,
      client: {
        post: (delivery) => {
          const outcome = this.outcome(delivery);
          if (!("then" in outcome) && outcome.type === "delivered") {
            this.sent.push(`${delivery.url} ${delivery.id}`);
          }
          return Promise.resolve(outcome);
        },
      },
      ruleOf: (alert) => {
        const webhook = this.webhooks[alert] ?? this.webhook;
        return webhook === "" ? {} : webhook === undefined ? undefined : { webhook };
      },
      keepAlive: (task) => {
        // What goes round for ever would let no timer, so no test's timeout, run.
        if (++this.runs > 1_000) throw new Error("the sender goes round and round");
        this.#running.push(task);
      },
      wakeBy: (dueMs) => void this.wokenBy.push(dueMs),
    });
  }

  async settled(): Promise<void> {
    while (this.#running.length > 0) await Promise.all(this.#running.splice(0));
  }

  /** The store as another life of the object would find it. */
  reopened(): AlertStore {
    return new AlertStore(this.#storage);
  }
}

async function withDesk(act: (desk: Desk) => Promise<void>): Promise<void> {
  const object = env.TEST_OBJECT.getByName(crypto.randomUUID());
  await runInDurableObject(object, (_, { storage }) => act(new Desk(storage)));
}

describe("the outbox of alerts", () => {
  it("[A1] sends each notification until it is taken, in their order, and forgets it then", () =>
    withDesk(async (desk) => {
      for (const n of [1, 2, 3]) desk.store.enqueue("https://a/", notification("one", n));
      let failures = 2;
      desk.outcome = () =>
        failures-- > 0 ? { type: "failed", reason: "status_500", retryAfterMs: 0 } : { type: "delivered" };
      const sender = desk.open();
      for (let tries = 0; tries < 3; tries++) {
        sender.nudge(Number.MAX_SAFE_INTEGER);
        await desk.settled();
      }
      expect(desk.sent).toEqual([1, 2, 3].map((n) => `https://a/ p:${n}:0:fired`));
      expect(desk.reopened().waiting).toBe(0);
      expect(desk.reopened().meta).toMatchObject({ delivered: 3, retries: { status_500: 2 } });
      expect(sender.dueMs).toBe(Number.POSITIVE_INFINITY);
    }));

  it("[A1] waits longer after each failure, and as long as the receiver says", () =>
    withDesk(async (desk) => {
      desk.store.enqueue("https://a/", notification("one", 1));
      const sender = desk.open();
      let retryAfterMs = 0;
      desk.outcome = () => ({ type: "failed", reason: "status_429", retryAfterMs });
      const waits: number[] = [];
      for (let tries = 0; tries < 8; tries++) {
        sender.nudge(Number.MAX_SAFE_INTEGER);
        await desk.settled();
        waits.push(sender.dueMs - Date.now());
        if (tries === 6) retryAfterMs = 200_000;
      }
      expect(sender.failureOf("one")).toBe("status_429");
      expect(sender.failureOf("two")).toBeUndefined();
      expect(waits[0]).toBeLessThanOrEqual(1_000);
      expect(waits[5]).toBeGreaterThan(15_000);
      expect(waits[6]).toBeLessThanOrEqual(60_000);
      expect(waits[7]).toBeGreaterThan(199_000);
      expect(desk.wokenBy.at(-1)).toBe(sender.dueMs);
      // Before it is due nothing is sent.
      desk.outcome = () => ({ type: "delivered" });
      sender.nudge(Date.now());
      await desk.settled();
      expect(desk.sent).toEqual([]);
    }));

  it("[A1] one webhook that is away delays no other", () =>
    withDesk(async (desk) => {
      desk.store.enqueue("https://away/", notification("one", 1));
      desk.store.enqueue("https://here/", notification("two", 2));
      desk.outcome = ({ url }) =>
        url.includes("away")
          ? { type: "failed", reason: "unreachable", retryAfterMs: 0 }
          : { type: "delivered" };
      desk.open().nudge(Date.now());
      await desk.settled();
      expect(desk.sent).toEqual(["https://here/ p:2:0:fired"]);
    }));

  it("[A1] many that never answer delay no other: not even what comes after them, whenever they are due", () =>
    withDesk(async (desk) => {
      const silent = Array.from({ length: 40 }, (_, n) => `silent${n}`);
      for (const alert of silent) {
        desk.webhooks[alert] = `https://away/${alert}`;
        desk.store.enqueue(`https://away/${alert}`, notification(alert, 1));
      }
      const giveUp: (() => void)[] = [];
      desk.outcome = ({ url }) =>
        url.includes("away")
          ? new Promise((resolve) => {
              giveUp.push(() => resolve({ type: "failed", reason: "timeout", retryAfterMs: 0 }));
            })
          : { type: "delivered" };
      const sender = desk.open();
      sender.nudge(Date.now());
      desk.store.enqueue("https://here/", notification("two", 2));
      sender.added();
      // Those that were first are given up; of all others it is known by then that their receiver is away.
      for (const act of giveUp.splice(0)) act();
      await scheduler.wait(0);
      sender.nudge(Number.MAX_SAFE_INTEGER);
      await scheduler.wait(0);
      expect(desk.sent).toEqual(["https://here/ p:2:0:fired"]);
      // They go on all the same, but leave room.
      expect(giveUp.length).toBeGreaterThan(0);
      desk.store.enqueue("https://here/", notification("three", 3));
      sender.added();
      sender.nudge(Number.MAX_SAFE_INTEGER);
      await scheduler.wait(0);
      expect(desk.sent).toEqual(["https://here/ p:2:0:fired", "https://here/ p:3:0:fired"]);
      // Each of them is tried again in its turn.
      const tried = new Set<string>();
      desk.outcome = ({ id, url }) => {
        tried.add(url);
        return { type: "failed", reason: `timeout ${id}`, retryAfterMs: 0 };
      };
      for (const act of giveUp.splice(0)) act();
      for (let round = 0; round < 40 && tried.size < silent.length; round++) {
        sender.nudge(Number.MAX_SAFE_INTEGER);
        await scheduler.wait(0);
      }
      expect(tried.size).toBe(silent.length);
    }));

  it("[A1] what was dropped while its webhook was away is not looked for again and again", () =>
    withDesk(async (desk) => {
      desk.store.enqueue("https://away/", notification("one", 1));
      desk.outcome = () => ({ type: "failed", reason: "unreachable", retryAfterMs: 0 });
      const sender = desk.open();
      sender.nudge(Date.now());
      await desk.settled();
      for (let n = 0; n < LIMITS.waitingNotifications; n++) {
        desk.store.enqueue("https://here/", notification("two", n));
      }
      expect(desk.store.nextWaiting("one")).toBeUndefined();
      await scheduler.wait(Math.max(0, sender.dueMs - Date.now()) + 1);
      sender.nudge(Date.now());
      await desk.settled();
      expect(sender.dueMs).toBe(Number.POSITIVE_INFINITY);
      // And what comes then goes at once.
      desk.outcome = () => ({ type: "delivered" });
      desk.store.enqueue("https://here/", notification("one", 2));
      sender.added();
      sender.nudge(Date.now());
      await desk.settled();
      expect(desk.sent).toContain("https://here/ p:2:0:fired");
    }));

  it("[A1] after a crash between delivery and note, the same is sent again under the same id", () =>
    withDesk(async (desk) => {
      desk.store.enqueue("https://a/", notification("one", 1));
      const ids: string[] = [];
      desk.outcome = ({ id }) => {
        ids.push(id);
        if (ids.length === 1) throw new Error("the object is gone");
        return { type: "delivered" };
      };
      desk.open().nudge(Date.now());
      await expect(desk.settled()).rejects.toThrow("gone");
      desk.open().nudge(Date.now());
      await desk.settled();
      expect(ids).toEqual(["p:1:0:fired", "p:1:0:fired"]);
      expect(desk.store.waiting).toBe(0);
    }));

  it("[A1] goes to where the rule points now, and where it is gone to where it pointed", () =>
    withDesk(async (desk) => {
      desk.store.enqueue("https://old/", notification("one", 1));
      desk.webhook = "https://new/";
      desk.open().nudge(Date.now());
      await desk.settled();
      desk.store.enqueue("https://old/", notification("one", 2));
      desk.webhook = undefined;
      desk.open().nudge(Date.now());
      await desk.settled();
      expect(desk.sent).toEqual(["https://new/ p:1:0:fired", "https://old/ p:2:0:fired"]);
    }));

  it("[A1] what waits of a rule that has no webhook any more goes nowhere, and is counted", () =>
    withDesk(async (desk) => {
      for (const n of [1, 2]) desk.store.enqueue("https://old/", notification("one", n));
      desk.store.enqueue("https://here/", notification("two", 3));
      desk.webhooks = { one: "", two: "https://here/" };
      const sender = desk.open();
      sender.rulesChanged(Date.now());
      sender.nudge(Date.now());
      await desk.settled();
      expect(desk.sent).toEqual(["https://here/ p:3:0:fired"]);
      expect(desk.reopened().meta).toMatchObject({ delivered: 1, dropped: { no_webhook: 2 } });
      expect(sender.dueMs).toBe(Number.POSITIVE_INFINITY);
    }));

  it("[A1] what a rule that is gone has left to tell is tried for a day, also after restarts, and dropped then", () =>
    withDesk(async (desk) => {
      const goneMs = Date.now() - 86_400_000 - 60_000;
      desk.store.enqueue("https://away/", notification("one", 1));
      desk.store.enqueue("https://away/", notification("two", 2));
      desk.webhooks = { one: "https://away/" };
      desk.outcome = () => ({ type: "failed", reason: "unreachable", retryAfterMs: 0 });
      desk.open().rulesChanged(goneMs);
      // Rules that change meanwhile do not begin it anew.
      const sender = desk.open();
      sender.rulesChanged(Date.now());
      sender.nudge(Date.now());
      await desk.settled();
      expect(desk.reopened().waitingByAlert()).toEqual(new Map([["one", 1]]));
      expect(desk.reopened().meta.dropped).toEqual({ rule_deleted: 1 });
      // One that is there again is told of, however long it was away.
      desk.webhooks = {};
      sender.rulesChanged(goneMs);
      desk.webhooks = { one: "https://away/" };
      sender.rulesChanged(Date.now());
      desk.webhooks = {};
      sender.rulesChanged(Date.now());
      sender.nudge(Number.MAX_SAFE_INTEGER);
      await desk.settled();
      expect(desk.store.waiting).toBe(1);
    }));

  it("[A1] holds a bounded number: the oldest go, and are counted", () =>
    withDesk(async (desk) => {
      for (let n = 0; n < LIMITS.waitingNotifications + 5; n++) {
        desk.store.enqueue("https://a/", notification("one", n));
      }
      expect(desk.store.waiting).toBe(LIMITS.waitingNotifications);
      expect(desk.store.meta.dropped).toEqual({ full: 5 });
      expect(desk.store.nextWaiting("one")?.notificationId).toBe("p:5:0:fired");
      return Promise.resolve();
    }));

  it("[A1] remembers a bounded number of alerts, and none that fires is forgotten", () =>
    withDesk(async (desk) => {
      const body = {
        alert: "a",
        metric: "m",
        group: {},
        condition: "> 5",
        firedValue: 1,
        resolvedValue: null,
      };
      desk.store.beginEpisode(1, 1, body);
      desk.store.beginEpisode(2, 2, body);
      desk.store.endEpisode(2, 3, 0);
      desk.store.beginEpisode(LIMITS.alertEpisodes + 2, 9, body);
      const kept = desk.store.episodes({ fromMs: 0, toMs: 10, most: 10 });
      expect(kept.map(({ episode }) => episode.firedAt)).toEqual([9, 1]);
      return Promise.resolve();
    }));
});

describe("a signed delivery", () => {
  it("[A1] is signed as Standard Webhooks says: a known signature", async () => {
    const headers = await signatureHeaders(
      "msg_p5jXN8AQM9LWM0D4loKWxJek",
      1_614_265_330,
      '{"test": 2432232314}',
      ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"],
    );
    expect(headers).toEqual({
      "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
      "webhook-timestamp": "1614265330",
      "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    });
  });

  it("[A1] is signed with the new secret and with the one before", async () => {
    const secrets = [newWebhookSecret(), newWebhookSecret()];
    const both = await signatureHeaders("a", 1, "{}", secrets);
    const each = await Promise.all(secrets.map((secret) => signatureHeaders("a", 1, "{}", [secret])));
    expect(both["webhook-signature"]).toBe(each.map((headers) => headers["webhook-signature"]).join(" "));
  });

  it("[A1] does not go to a private address unless the deployment allows it", async () => {
    const delivery = { url: "http://127.0.0.1:1/", id: "a", body: "{}", secrets: [newWebhookSecret()] };
    expect(await new WebhookClient({ allowPrivate: false }).post(delivery)).toMatchObject({
      reason: "private_address",
    });
    expect(await new WebhookClient({ allowPrivate: true }).post(delivery)).toMatchObject({
      reason: "unreachable",
    });
  });
});
