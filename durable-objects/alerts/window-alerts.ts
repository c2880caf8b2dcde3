import type { AlertState } from "../../protocol/alert.ts";
import { AlertLedger } from "./alert-ledger.ts";
import { AlertSender } from "./alert-sender.ts";
import type { ProjectAlerts } from "../catalog/catalog-alerts.ts";
import type { Definitions } from "../catalog/definitions.ts";
import { type EpisodePlace, idsBelow, type KeptEpisode } from "./episode-pages.ts";
import { AlertSet } from "../engine/alerts/alert-set.ts";
import { type StoredPoints, watchedMetric } from "../engine/alerts/metric-points.ts";
import { projectOf, shareOfObject } from "../engine/placement.ts";
import type { StepObserver, WindowSet } from "../engine/window-set.ts";
import { AlertStore } from "../storage/alert-store.ts";
import { SilenceStore } from "../storage/silence-store.ts";
import { WebhookClient } from "../storage/webhook-client.ts";

/** How one window object's alerts stand. */
export interface AlertsOfObject {
  object: string;
  states: AlertState[];
  /** Newest first. */
  episodes: KeptEpisode[];
}

/** Which alerts are asked for: those that were firing at some time in `[fromMs, toMs]`, at most `most`, after a place. */
export interface AlertsQuestion {
  fromMs: number;
  toMs: number;
  most: number;
  after?: EpisodePlace;
}

/** What is counted of one window object's alerts, for `/metrics`. */
export interface AlertStats {
  object: string;
  fired: number;
  resolved: number;
  /** Of those that fired: in a silence. */
  silenced: number;
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
  readonly #silences: SilenceStore;
  readonly #ledger: AlertLedger;
  readonly #sender: AlertSender;
  #set: AlertSet | undefined;

  constructor(options: WindowAlertsOptions) {
    this.#options = options;
    this.#store = new AlertStore(options.storage);
    this.#silences = new SilenceStore(options.storage.sql);
    const ruleOf = (alert: string) => this.#set?.rule(alert);
    this.#ledger = new AlertLedger({
      objectName: options.objectName,
      store: this.#store,
      silences: this.#silences,
      ruleOf,
    });
    this.#sender = new AlertSender({
      store: this.#store,
      client: new WebhookClient({ allowPrivate: options.allowPrivateWebhooks }),
      ruleOf,
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
    return Math.min(this.#sender.dueMs, this.#ledger.dueMs);
  }

  /** Makes durable what the steps since the last call brought about: in the turn that makes them so. */
  keep(nowMs: number): void {
    const transitions = this.#set?.takeTransitions() ?? [];
    if (transitions.length === 0) return;
    this.#ledger.keep(transitions, nowMs);
    this.#sender.added();
    if (this.#ledger.dueMs < Number.POSITIVE_INFINITY) this.#options.wakeBy(this.#ledger.dueMs);
  }

  /** With each checkpoint, in its turn. */
  checkpoint(nowMs: number): void {
    this.#set?.advance();
    this.keep(nowMs);
    if (this.#set !== undefined && this.#store.meta.version >= 0) this.#store.saveSet(this.#set.encode());
  }

  /** Sends what waits, and what a silence has held back that is over. */
  nudge(nowMs: number): void {
    if (this.#ledger.dueMs <= nowMs && this.#ledger.tellUnsilenced(nowMs)) this.#sender.added();
    this.#sender.nudge(nowMs);
  }

  /**
   * Fetches the rules and silences in force.
   *
   * @returns whether they are others than before: a checkpoint has to follow, because a journal is replayed with them.
   */
  async refresh(): Promise<boolean> {
    const project = projectOf(this.#options.objectName);
    const { version, defined, silences, secrets } = await this.#options.fetchAlerts(project);
    if (version <= this.#store.meta.version) return false;
    this.#store.meta.version = version;
    this.#store.meta.secrets = secrets;
    this.#store.saveMeta();
    this.#set?.define(defined);
    const nowMs = Date.now();
    // A rule that goes takes its silences along: what that resolves is still silenced.
    this.keep(nowMs);
    this.#silences.replace(silences);
    if (this.#ledger.tellUnsilenced(nowMs)) this.#sender.added();
    this.#sender.rulesChanged(nowMs);
    return true;
  }

  /** How the rules stand, and what fired. */
  read({ after, ...question }: AlertsQuestion): AlertsOfObject {
    const { objectName } = this.#options;
    const waiting = this.#store.waitingByAlert();
    const untold = this.#silences.untoldByAlert();
    const states = (this.#set?.stands() ?? []).map(({ rule, firing, pending, evaluatedTo, untracked }) => ({
      alert: rule.name,
      state: firing > 0 ? ("firing" as const) : pending > 0 ? ("pending" as const) : ("ok" as const),
      firing,
      pending,
      silenced: untold.get(rule.name) ?? 0,
      evaluatedTo,
      untracked,
      waiting: waiting.get(rule.name) ?? 0,
      ...failed(this.#sender.failureOf(rule.name)),
    }));
    const before = after && { firedAt: after.firedAt, idsBelow: idsBelow(after, objectName) };
    const episodes = this.#store.episodes({ ...question, ...(before && { before }) });
    return { object: objectName, states, episodes };
  }

  stats(): AlertStats {
    const { fired, resolved, silenced, delivered, retries, dropped } = this.#store.meta;
    const { waiting } = this.#store;
    const object = this.#options.objectName;
    return { object, fired, resolved, silenced, delivered, waiting, retries, dropped };
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
    silenced: a.silenced + b.silenced,
    evaluatedTo: ends.length === 0 ? null : Math.min(...ends),
    untracked: a.untracked + b.untracked,
    waiting: a.waiting + b.waiting,
    ...failed(a.failure ?? b.failure),
  };
}

function failed(failure: string | undefined): Pick<AlertState, "failure"> {
  return failure === undefined ? {} : { failure };
}
