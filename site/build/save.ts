import type { MetricSource } from "../../protocol/metric.ts";
import { RequestError, type Catalog } from "../api.ts";
import type { Draft } from "./draft.ts";
import type { Requests } from "./requests.ts";

/** What became of saving. `key`: the key at hand may not. `metric`: the definition that was refused. */
export type SaveOutcome =
  | { status: "saved" }
  | { status: "key"; message: string }
  | { status: "refused"; message: string; metric?: string };

/** Whether the catalog has just this definition. */
export function isStored(metric: MetricSource, stored: Catalog["metrics"]): boolean {
  return JSON.stringify(stored.get(metric.name)) === JSON.stringify(metric);
}

/** Puts a draft into the catalog: its metrics first, so that no panel is ever without one. Again is safe. */
export async function save(
  draft: Draft,
  stored: Catalog["metrics"],
  requests: Pick<Requests, "putMetric" | "putDashboard">,
): Promise<SaveOutcome> {
  let at: string | undefined;
  try {
    for (const metric of Object.values(draft.metrics)) {
      at = metric.name;
      if (!isStored(metric, stored)) await requests.putMetric(metric);
    }
    at = undefined;
    await requests.putDashboard(draft.dashboard);
    return { status: "saved" };
  } catch (error) {
    if (!(error instanceof RequestError)) throw error;
    const { message, isRefusal } = error;
    if (isRefusal) return { status: "key", message };
    return { status: "refused", message, ...(at === undefined ? {} : { metric: at }) };
  }
}
