import type { Definitions } from "../../durable-objects/catalog/definitions.ts";
import { metricsOf, projectOf } from "../../durable-objects/engine/placement.ts";
import { PARTITIONS } from "./deployment.ts";
import type { LoggedBatch } from "./logged-batches.ts";
import type { SimulatedObject } from "./simulated-object.ts";

/** What of an outcome tells by when a definition must have begun. */
interface Told {
  confirmations: readonly { step: number; metric: string }[];
  sent: readonly { step: number; key: string }[];
  logged: readonly LoggedBatch[];
}

/** Where in the log a definition began in a window object. */
export interface Begin {
  /** The first offset of each partition that can be in it. */
  since: number[];
  /**
   * Whether the object has had metrics since before the first batch. If not, readers have passed it over for a while,
   * and may begin at a later offset.
   */
  isExact: boolean;
}

/** Notes where definitions begin, from the first durable checkpoint of a window object that has them. */
export class Begins {
  readonly #begins = new Map<string, Begin>();
  readonly #complete = new Map<string, boolean>();
  readonly #lastBody = new Map<string, string>();

  of(object: string, metric: string, revision: number): Begin | undefined {
    return this.#begins.get(`${object} ${metric} ${revision}`);
  }

  /** To be called when an object has committed. `isEarly`: no batch was sent yet. */
  committed({ id, kind, storage }: SimulatedObject, isEarly: boolean): void {
    if (kind !== "METRIC_WINDOW") return;
    const body = storage.rowsOf("checkpoint", "SELECT body FROM checkpoint")[0]?.["body"];
    if (typeof body !== "string" || this.#lastBody.get(id) === body) return;
    this.#lastBody.set(id, body);
    const { definitions, set } = JSON.parse(body) as { definitions: Definitions; set: { applied: number[] } };
    const metrics = metricsOf(id, definitions.metrics);
    // The objects of a split metric may not hear of its end, when the catalog is interrupted in telling them.
    const isExact =
      metrics.length > 0 && (isEarly || (id === projectOf(id) && this.#complete.get(id) === true));
    this.#complete.set(id, isExact);
    const since = set.applied.map((offset) => offset + 1);
    for (const { metric, revision } of metrics) {
      const name = `${id} ${metric.name} ${revision}`;
      if (!this.#begins.has(name)) this.#begins.set(name, { since, isExact });
    }
  }
}

/** For each partition the offset by which a metric must have begun: that of the first batch sent after its confirmation. */
export function latestBegins({ confirmations, sent, logged }: Told, metric: string): number[] {
  const confirmed = Math.max(...confirmations.filter((c) => c.metric === metric).map(({ step }) => step));
  const late = new Set(sent.filter(({ step }) => step >= confirmed).map(({ key }) => key));
  return Array.from({ length: PARTITIONS }, (_, partition) => {
    const offsets = logged
      .filter((b) => b.partition === partition && late.has(b.key))
      .map(({ offset }) => offset);
    return Math.min(...offsets, Number.MAX_SAFE_INTEGER);
  });
}

/** All beginnings from `earliest` to `latest` that make a difference, the latest first. */
export function beginsBetween(
  logged: readonly LoggedBatch[],
  earliest: number[],
  latest: number[],
): number[][] {
  let begins: number[][] = [[]];
  for (let p = 0; p < PARTITIONS; p++) {
    const [first = 0, last = 0] = [earliest[p], latest[p]];
    const offsets = logged
      .filter(({ partition, offset }) => partition === p && offset >= first && offset < last)
      .map(({ offset }) => offset);
    begins = begins.flatMap((begin) => [last, ...offsets.toReversed()].map((offset) => [...begin, offset]));
  }
  return begins;
}

/** The batches that lie at these offsets or behind. */
export function batchesSince(logged: readonly LoggedBatch[], since: readonly number[]): LoggedBatch[] {
  return logged.filter(({ partition, offset }) => offset >= (since[partition] ?? 0));
}
