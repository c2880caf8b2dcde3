import type { AlertRule } from "../../protocol/alert.ts";
import type { AlertStore } from "../storage/alert-store.ts";
import { backoffMs } from "../storage/remote-write.ts";
import type { WebhookClient } from "../storage/webhook-client.ts";

/** Requests under way at once: a Durable Object may have six, and others need some. */
const MOST_AT_ONCE = 3;
/** Of these, to hosts that did not take the last delivery: each may hold its request until it times out. */
const MOST_AWAY_AT_ONCE = MOST_AT_ONCE - 1;

/** For how long what a rule that is gone has left to tell is tried. */
const GIVE_UP_MS = 86_400_000;

/** The deliveries of one alert. */
interface Lane {
  isRunning: boolean;
  failures: number;
  /** Why the last attempt failed. */
  failure?: string;
  dueMs: number;
}

interface AlertSenderOptions {
  store: AlertStore;
  client: Pick<WebhookClient, "post">;
  /** The rule of this name that is in force: its notifications go where it says now. Where it is gone, where they were meant to go. */
  ruleOf: (alert: string) => Pick<AlertRule, "webhook"> | undefined;
  keepAlive: (task: Promise<void>) => void;
  /** Called when there is something to do at a later time: calls, or an alarm, then lead to {@link AlertSender.nudge}. */
  wakeBy: (dueMs: number) => void;
}

/**
 * Delivers notifications: those of one alert one after the other, in their order, each until it is taken; of several
 * alerts side by side, so that a webhook that is away delays no other.
 */
export class AlertSender {
  readonly #options: AlertSenderOptions;
  readonly #lanes = new Map<string, Lane>();

  constructor(options: AlertSenderOptions) {
    this.#options = options;
    this.added();
  }

  /** There are notifications that were not there before. */
  added(): void {
    for (const alert of this.#options.store.waitingByAlert().keys()) {
      if (!this.#lanes.has(alert)) this.#lanes.set(alert, { isRunning: false, failures: 0, dueMs: 0 });
    }
  }

  /** Rules are others than before: of one without a webhook nobody is to be told, and one that is gone will not be mended. */
  rulesChanged(nowMs: number): void {
    const { store, ruleOf } = this.#options;
    const left = [...store.waitingByAlert().keys()].filter((alert) => ruleOf(alert)?.webhook === undefined);
    const gone: Record<string, number> = {};
    for (const alert of left) {
      if (ruleOf(alert) === undefined) gone[alert] = store.meta.gone[alert] ?? nowMs;
      else store.drop(alert, "no_webhook");
    }
    store.meta.gone = gone;
    store.saveMeta();
  }

  /** Why the last attempt of an alert failed; undefined: it did not, or none was made in this life of the object. */
  failureOf(alert: string): string | undefined {
    return this.#lanes.get(alert)?.failure;
  }

  /** When there is next something to do, epoch ms; Infinity: nothing waits, or all that does is under way. */
  get dueMs(): number {
    let least = Number.POSITIVE_INFINITY;
    for (const { isRunning, dueMs } of this.#lanes.values()) if (!isRunning) least = Math.min(least, dueMs);
    return least;
  }

  /** Does what is due. Receivers that do not answer leave room for the others. */
  nudge(nowMs: number): void {
    const due = [...this.#lanes].filter(([, { isRunning, dueMs }]) => !isRunning && dueMs <= nowMs);
    if (due.length === 0) return;
    const away = this.#awayHosts();
    const isAway = ([alert, { failures }]: [string, Lane]) => failures > 0 || away.has(this.#hostOf(alert));
    const running = [...this.#lanes].filter(([, { isRunning }]) => isRunning);
    const [known, others] = [due.filter(isAway), due.filter((each) => !isAway(each))];
    const room = MOST_AT_ONCE - running.length;
    const now = others.sort(byDue).slice(0, Math.max(0, room));
    const roomForAway = Math.min(room - now.length, MOST_AWAY_AT_ONCE - running.filter(isAway).length);
    now.push(...known.sort(byDue).slice(0, Math.max(0, roomForAway)));
    for (const [alert, lane] of now) {
      lane.isRunning = true;
      this.#options.keepAlive(this.#run(alert, lane));
    }
  }

  /** Hosts that did not take the last delivery: what else goes there is likely to hold a request for as long. */
  #awayHosts(): Set<string | undefined> {
    const failing = [...this.#lanes].filter(([, { failures }]) => failures > 0);
    const hosts = new Set(failing.map(([alert]) => this.#hostOf(alert)));
    hosts.delete(undefined);
    return hosts;
  }

  /** Undefined: the rule is gone. */
  #hostOf(alert: string): string | undefined {
    const url = this.#options.ruleOf(alert)?.webhook;
    return url === undefined ? undefined : new URL(url).host;
  }

  async #run(alert: string, lane: Lane): Promise<void> {
    try {
      await this.#sendAll(alert, lane);
    } finally {
      lane.isRunning = false;
      // What failed may have been dropped since, because too many wait.
      if (this.#options.store.nextWaiting(alert) === undefined) this.#lanes.delete(alert);
      this.nudge(Date.now());
      this.#options.wakeBy(this.dueMs);
    }
  }

  async #sendAll(alert: string, lane: Lane): Promise<void> {
    const { store, client, ruleOf } = this.#options;
    for (;;) {
      const next = store.nextWaiting(alert);
      if (next === undefined) return;
      const outcome = await client.post({
        url: ruleOf(alert)?.webhook ?? next.url,
        id: next.notificationId,
        body: next.body,
        secrets: store.meta.secrets,
      });
      if (outcome.type === "failed") {
        lane.failures++;
        lane.failure = outcome.reason;
        lane.dueMs = Date.now() + backoffMs(lane.failures, outcome.retryAfterMs, Math.random());
        store.retried(outcome.reason);
        const goneMs = store.meta.gone[alert] ?? Number.POSITIVE_INFINITY;
        if (Date.now() - goneMs > GIVE_UP_MS) store.drop(alert, "rule_deleted");
        return;
      }
      lane.failures = 0;
      delete lane.failure;
      lane.dueMs = 0;
      store.delivered(next.id);
    }
  }
}

function byDue([, a]: [string, Lane], [, b]: [string, Lane]): number {
  return a.dueMs - b.dueMs;
}
