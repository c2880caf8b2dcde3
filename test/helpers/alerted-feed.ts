import { type AlertSource, parseAlert } from "../../protocol/alert.ts";
import type { Event } from "../../protocol/event.ts";
import { parseView, type View, type ViewSource } from "../../protocol/view.ts";
import {
  AlertSet,
  type AlertTransition,
  type EncodedAlerts,
} from "../../durable-objects/engine/alerts/alert-set.ts";
import { watchedMetric } from "../../durable-objects/engine/alerts/metric-points.ts";
import type { CompiledMetric } from "../../durable-objects/engine/compiled-metric.ts";
import type { SealedPoint } from "../../durable-objects/engine/sealed-point.ts";
import { WindowSet, type WindowStep } from "../../durable-objects/engine/window-set.ts";
import type { FinalPoint } from "../oracle/alert-oracle.ts";
import { define, Feed, PARTITIONS, START_MS, throughJson } from "./window-feed.ts";

/** Rules begin with the windows that end after this, and as long again as one lasts. */
export const DEFINED_MS = START_MS - 20_000;
export const ALERTED_OPTIONS = { partitions: PARTITIONS, idlePartitionMs: 5_000 };

/** Windows with rules, as a window object has them: a checkpoint, and a journal of the steps since. */
export class AlertedFeed {
  readonly feed: Feed;
  alerts: AlertSet;
  readonly told: string[] = [];
  /** What each window came to in the moment in which it became final. */
  readonly finals: FinalPoint[] = [];
  readonly #view: View | undefined;
  #stored: SealedPoint[] = [];
  #journal: [WindowStep, number][] = [];
  #checkpoint: { set: unknown; windows: unknown; alerts: EncodedAlerts };
  #finalEnd = 0;
  /** Told of what a step brought about, in the turn that makes it durable. */
  onTransitions: (transitions: AlertTransition[], nowMs: number) => void = () => undefined;

  constructor(metric: object, rules: Omit<AlertSource, "name" | "metric">[], view?: ViewSource) {
    this.feed = new Feed(define(metric));
    const parsed = view && parseView(view.name, view);
    this.#view = parsed?.ok === true ? parsed.value : undefined;
    this.alerts = this.#open(this.feed.set);
    this.define(rules);
    this.#checkpoint = this.#encode();
  }

  define(rules: Omit<AlertSource, "name" | "metric">[]): void {
    const name = this.#view?.name ?? "m";
    this.alerts.define(
      rules.map((source, i) => {
        const rule = parseAlert(`rule${i}`, { metric: name, ...source });
        if (!rule.ok) throw new Error(rule.message);
        return { rule: rule.value, definedMs: DEFINED_MS };
      }),
    );
    this.#take(START_MS);
  }

  get compiled(): CompiledMetric {
    return this.feed.windows.compiled;
  }

  range(partition: number, events: Event[], nowMs: number): void {
    const partial = this.feed.range(partition, events, nowMs);
    this.#journal.push([{ type: "range", partial }, nowMs]);
    this.#take(nowMs);
  }

  /**
   * A range that is lost with the memory before anything of it is durable, and comes again a millisecond later.
   *
   * @param lose is called when it is lost.
   */
  tornRange(partition: number, events: Event[], nowMs: number, lose: () => void): void {
    const step: WindowStep = { type: "range", partial: this.feed.range(partition, events, nowMs) };
    this.onTransitions(this.alerts.takeTransitions(), nowMs);
    this.crash();
    lose();
    this.feed.set.step(throughJson(step), nowMs + 1);
    this.#journal.push([step, nowMs + 1]);
    this.#take(nowMs + 1);
  }

  idle(nowMs: number): void {
    this.feed.idle(nowMs);
    const partitions = Array.from({ length: PARTITIONS }, (_, p): [number, number] => [p, nowMs]);
    this.#journal.push([{ type: "caughtUp", partitions }, nowMs]);
    this.#take(nowMs);
  }

  checkpoint(): void {
    this.#stored.push(...this.feed.windows.takeSealed());
    this.#journal = [];
    this.#checkpoint = this.#encode();
  }

  /** Memory is lost: the checkpoint is read and the journal replayed. */
  crash(): void {
    const { set, windows, alerts } = throughJson(this.#checkpoint);
    this.feed.set = new WindowSet(ALERTED_OPTIONS, set as never);
    this.feed.set.restoreMetric(this.feed.defined, windows as never);
    this.alerts = this.#open(this.feed.set, alerts);
    for (const [step, nowMs] of throughJson(this.#journal)) this.feed.set.step(step, nowMs);
    this.alerts.takeTransitions();
  }

  #open(set: WindowSet, encoded?: EncodedAlerts): AlertSet {
    const stored = (_: string, fromMs: number, toMs: number) =>
      this.#stored.filter(([end]) => end >= fromMs && end <= toMs);
    const watched = (name: string) =>
      watchedMetric(name, set, name === this.#view?.name ? this.#view : undefined, stored);
    const alerts = new AlertSet({ watched, share: undefined }, encoded);
    set.observer = {
      stepped: () => alerts.advance(),
      get awaitedMs() {
        return alerts.awaitedMs;
      },
    };
    return alerts;
  }

  #encode(): { set: unknown; windows: unknown; alerts: EncodedAlerts } {
    const { set, windows } = this.feed;
    return throughJson({
      set: set.encode(),
      windows: windows.encode(),
      alerts: this.alerts.encode(),
    });
  }

  #take(nowMs: number): void {
    const transitions = this.alerts.takeTransitions();
    this.told.push(...transitions.map(textOf));
    this.onTransitions(transitions, nowMs);
    const { windows } = this.feed;
    for (const { end, key, outcome } of windows.points(this.#finalEnd + 1, windows.finalEnd)) {
      this.finals.push({ end, key, value: typeof outcome === "number" ? outcome : undefined });
    }
    this.#finalEnd = windows.finalEnd;
  }
}

export function textOf({ rule, type, key, end, episode, value, reason }: AlertTransition): string {
  return `${rule.name} ${type} ${key} at ${end - START_MS} #${episode} ${value}${reason === undefined ? "" : ` ${reason}`}`;
}
