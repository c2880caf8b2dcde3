import { type AlertNotification, type AlertRule, conditionText } from "../../protocol/alert.ts";
import { durationText } from "../../protocol/time.ts";
import type { AlertTransition } from "../engine/alerts/alert-set.ts";
import { groupOf } from "../engine/group-key.ts";
import { projectOf } from "../engine/placement.ts";
import type { AlertStore } from "../storage/alert-store.ts";
import type { SilenceStore } from "../storage/silence-store.ts";

interface AlertLedgerOptions {
  objectName: string;
  store: AlertStore;
  silences: SilenceStore;
  /** The rule of this name that is in force. */
  ruleOf: (alert: string) => AlertRule | undefined;
}

/** What a notification says beside its rule. */
type Told = Pick<AlertNotification, "type" | "group" | "value" | "firedAt"> &
  Partial<Pick<AlertNotification, "resolvedAt" | "reason" | "silencedUntil">>;

/**
 * What alerts have come to: their episodes, and who is told of them. What fires in a silence is told when the silence ends,
 * if it fires then; nobody is told that it is resolved who was not told that it fired.
 *
 * Silences go by the clock, evaluation by event time: a replay would come to something else. So each call is part of the turn
 * that makes its cause durable, and is never repeated.
 */
export class AlertLedger {
  readonly #options: AlertLedgerOptions;

  constructor(options: AlertLedgerOptions) {
    this.#options = options;
  }

  /** When {@link tellUnsilenced} has to be called, epoch ms; Infinity: nobody waits for the end of a silence. */
  get dueMs(): number {
    const { silences } = this.#options;
    return silences.untold.size === 0 ? Number.POSITIVE_INFINITY : silences.nextEndMs;
  }

  /** Notes what has happened, in its order. */
  keep(transitions: readonly AlertTransition[], nowMs: number): void {
    if (transitions.length === 0) return;
    if (this.#options.silences.sweep(nowMs)) this.tellUnsilenced(nowMs);
    for (const transition of transitions) {
      if (transition.type === "fired") this.#fired(transition, nowMs);
      else this.#resolved(transition);
    }
    this.#options.store.saveMeta();
  }

  /**
   * Tells of what fired in a silence that is over.
   *
   * @returns whether there was any.
   */
  tellUnsilenced(nowMs: number): boolean {
    const { store, silences, ruleOf } = this.#options;
    silences.sweep(nowMs);
    const due = [...silences.untold].filter(([, untold]) => !silences.isSilenced(untold, nowMs));
    for (const [episode, { alert, group }] of due) {
      silences.removeUntold(episode);
      const fired = store.tellEpisode(episode, nowMs);
      const rule = ruleOf(alert);
      if (fired === undefined || rule === undefined) continue;
      const { firedAt, firedValue: value } = fired;
      this.#tell(rule, episode, { type: "alert.fired", group, value, firedAt, silencedUntil: nowMs });
    }
    return due.length > 0;
  }

  #fired({ rule, groupBy, key, episode, firedAt, value }: AlertTransition, nowMs: number): void {
    const { store, silences } = this.#options;
    const { name: alert, metric } = rule;
    const group = groupOf(groupBy, key);
    const isSilenced = silences.isSilenced({ alert, group }, nowMs);
    const condition = conditionText(rule.condition);
    store.meta.fired++;
    store.beginEpisode(episode, firedAt, {
      alert,
      metric,
      group,
      condition,
      firedValue: value,
      resolvedValue: null,
      ...(isSilenced ? { silenced: true } : {}),
    });
    if (isSilenced) {
      store.meta.silenced++;
      silences.addUntold(episode, { alert, group });
    } else {
      this.#tell(rule, episode, { type: "alert.fired", group, value, firedAt });
    }
  }

  #resolved({ rule, groupBy, key, episode, end, firedAt, value, reason }: AlertTransition): void {
    const { store, silences } = this.#options;
    store.meta.resolved++;
    store.endEpisode(episode, end, value, reason);
    if (silences.removeUntold(episode)) return;
    this.#tell(rule, episode, {
      type: "alert.resolved",
      group: groupOf(groupBy, key),
      value,
      firedAt,
      resolvedAt: end,
      ...(reason === undefined ? {} : { reason }),
    });
  }

  #tell(rule: AlertRule, episode: number, told: Told): void {
    if (rule.webhook === undefined) return;
    const { objectName, store } = this.#options;
    const episodeId = `${objectName}:${episode}:${told.firedAt}`;
    const { type, group, value, firedAt, ...rest } = told;
    store.enqueue(rule.webhook, {
      id: `${episodeId}:${type.slice("alert.".length)}`,
      type,
      episode: episodeId,
      project: projectOf(objectName),
      alert: rule.name,
      metric: rule.metric,
      group,
      condition: conditionText(rule.condition),
      for: durationText(rule.forMs),
      value,
      firedAt,
      ...rest,
    });
  }
}
