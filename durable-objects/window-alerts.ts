import {
  type AlertEpisode,
  type AlertNotification,
  type AlertState,
  conditionText,
} from "../protocol/alert.ts";
import { durationText } from "../protocol/time.ts";
import { AlertSender } from "./alert-sender.ts";
import type { ProjectAlerts } from "./catalog-alerts.ts";
import type { Definitions } from "./definitions.ts";
import { AlertSet, type AlertTransition } from "./engine/alerts/alert-set.ts";
import { type StoredPoints, watchedMetric } from "./engine/alerts/metric-points.ts";
import { groupOf } from "./engine/group-key.ts";
import { projectOf, shareOfObject } from "./engine/placement.ts";
import type { StepObserver, WindowSet } from "./engine/window-set.ts";
import { AlertStore } from "./storage/alert-store.ts";
import { WebhookClient } from "./storage/webhook-client.ts";

/** How one window object's alerts stand. */
export interface AlertsOfObject {
  states: AlertState[];
  episodes: AlertEpisode[];
}

/** What is counted of one window object's alerts, for `/metrics`. */
export interface AlertStats {
  object: string;
  fired: number;
  resolved: number;
  delivered: number;
  waiting: number;
  retries: Record<string, number>;
  dropped: Record<string, number>;
}

interface WindowAlertsOptions {
  objectName: string;
  storage: DurableObjectStorage;
  allowPrivateWebhooks: boolean;
  definitions: () => Definitions;
  stored: StoredPoints;
  fetchAlerts: (project: string) => Promise<ProjectAlerts>;
  keepAlive: (task: Promise<void>) => void;
  wakeBy: (dueMs: number) => void;
}

/**
 * The alerts of one window object. Rules are evaluated with each step, replayed ones too; what that brings about is
 * written in the turn that journals the step, so a replay has nothing to tell.
 */
export class WindowAlerts implements StepObserver {
  readonly #options: WindowAlertsOptions;
  readonly #store: AlertStore;
  readonly #sender: AlertSender;
  #set: AlertSet | undefined;

  constructor(options: WindowAlertsOptions) {
    this.#options = options;
    this.#store = new AlertStore(options.storage);
    this.#sender = new AlertSender({
      store: this.#store,
      client: new WebhookClient({ allowPrivate: options.allowPrivateWebhooks }),
      webhookOf: (alert) => this.#set?.rule(alert)?.webhook,
      keepAlive: options.keepAlive,
      wakeBy: options.wakeBy,
    });
  }

  /** Goes along with the steps of a set, from the state of its checkpoint on. */
  begin(windows: WindowSet): void {
    const { objectName, definitions, stored } = this.#options;
    const viewOf = (name: string) => definitions().views.find(({ view }) => view.name === name)?.view;
    this.#set = new AlertSet(
      {
        watched: (name) => watchedMetric(name, windows, viewOf(name), stored),
        share: shareOfObject(objectName),
      },
      this.#store.loadSet(),
    );
    windows.observer = this;
  }

  /** The journal has been replayed: what its steps brought about was written with them. */
  replayed(): void {
    this.#set?.takeTransitions();
  }

  stepped(): void {
    this.#set?.advance();
  }

  get awaitedMs(): number {
    return this.#set?.awaitedMs ?? Number.POSITIVE_INFINITY;
  }

  /** When there is next something to send, epoch ms. */
  get sendDueMs(): number {
    return this.#sender.dueMs;
  }

  /** Makes durable what the steps since the last call brought about: in the turn that makes them so. */
  keep(): void {
    const transitions = this.#set?.takeTransitions() ?? [];
    if (transitions.length === 0) return;
    for (const transition of transitions) this.#keep(transition);
    this.#store.saveMeta();
    this.#sender.added();
  }

  /** With each checkpoint, in its turn. */
  checkpoint(): void {
    this.#set?.advance();
    this.keep();
    if (this.#set !== undefined && this.#store.meta.version >= 0) this.#store.saveSet(this.#set.encode());
  }

  /** Sends what waits. */
  nudge(nowMs: number): void {
    this.#sender.nudge(nowMs);
  }

  /**
   * Fetches the rules in force.
   *
   * @returns whether they are others than before: a checkpoint has to follow, because a journal is replayed with them.
   */
  async refresh(): Promise<boolean> {
    const { version, defined, secrets } = await this.#options.fetchAlerts(
      projectOf(this.#options.objectName),
    );
    if (version <= this.#store.meta.version) return false;
    this.#store.meta.version = version;
    this.#store.meta.secrets = secrets;
    this.#store.saveMeta();
    this.#set?.define(defined);
    return true;
  }

  /** How the rules stand, and what fired in `[fromMs, toMs]`, newest first. */
  read(fromMs: number, toMs: number, most: number): AlertsOfObject {
    const waiting = this.#store.waitingByAlert();
    const states = (this.#set?.stands() ?? []).map(({ rule, firing, pending, evaluatedTo, untracked }) => ({
      alert: rule.name,
      state: firing > 0 ? ("firing" as const) : pending > 0 ? ("pending" as const) : ("ok" as const),
      firing,
      pending,
      evaluatedTo,
      untracked,
      waiting: waiting.get(rule.name) ?? 0,
    }));
    return { states, episodes: this.#store.episodes(fromMs, toMs, most) };
  }

  stats(): AlertStats {
    const { fired, resolved, delivered, retries, dropped } = this.#store.meta;
    const { waiting } = this.#store;
    return { object: this.#options.objectName, fired, resolved, delivered, waiting, retries, dropped };
  }

  #keep({ type, rule, groupBy, key, episode, end, firedAt, value, reason }: AlertTransition): void {
    const { name, metric, webhook } = rule;
    const group = groupOf(groupBy, key);
    const condition = conditionText(rule.condition);
    if (type === "fired") {
      this.#store.meta.fired++;
      const body = { alert: name, metric, group, condition, firedValue: value, resolvedValue: null };
      this.#store.beginEpisode(episode, firedAt, body);
    } else {
      this.#store.meta.resolved++;
      this.#store.endEpisode(episode, end, value, reason);
    }
    if (webhook === undefined) return;
    const { objectName } = this.#options;
    const episodeId = `${objectName}:${episode}:${firedAt}`;
    const notification: AlertNotification = {
      id: `${episodeId}:${type}`,
      type: `alert.${type}`,
      episode: episodeId,
      project: projectOf(objectName),
      alert: name,
      metric,
      group,
      condition,
      for: durationText(rule.forMs),
      value,
      firedAt,
    };
    if (type === "resolved") notification.resolvedAt = end;
    if (reason !== undefined) notification.reason = reason;
    this.#store.enqueue(webhook, notification);
  }
}

/** One rule's states in several objects, as one. */
export function sumStates(states: readonly AlertState[]): AlertState[] {
  const sums = new Map<string, AlertState>();
  for (const state of states) {
    const sum = sums.get(state.alert);
    sums.set(state.alert, sum === undefined ? { ...state } : sumOf(sum, state));
  }
  return [...sums.values()];
}

function sumOf(a: AlertState, b: AlertState): AlertState {
  const firing = a.firing + b.firing;
  const pending = a.pending + b.pending;
  const ends = [a.evaluatedTo, b.evaluatedTo].filter((end) => end !== null);
  return {
    alert: a.alert,
    state: firing > 0 ? "firing" : pending > 0 ? "pending" : "ok",
    firing,
    pending,
    evaluatedTo: ends.length === 0 ? null : Math.min(...ends),
    untracked: a.untracked + b.untracked,
    waiting: a.waiting + b.waiting,
  };
}
