import type { Dashboard } from "../../protocol/dashboard.ts";
import type { MetricSource } from "../../protocol/metric.ts";
import { RequestError, type Catalog } from "../api.ts";
import type { Draft } from "./draft.ts";
import type { Requests } from "./requests.ts";

/**
 * What became of saving. `key`: the key at hand may not. `changed`: somebody else has saved the dashboard meanwhile.
 * `metric`: the definition that was refused.
 */
export type SaveOutcome =
  | { status: "saved"; stored: Dashboard }
  | { status: "key"; message: string }
  | { status: "changed"; stored: Dashboard | undefined }
  | { status: "refused"; message: string; metric?: string };

/** Whether the catalog has just this definition. */
export function isStored(metric: MetricSource, stored: Catalog["metrics"]): boolean {
  return JSON.stringify(stored.get(metric.name)) === JSON.stringify(metric);
}

/**
 * Puts a draft into the catalog: its metrics first, so that no panel is ever without one. Again is safe.
 *
 * @param base the dashboard that the draft was made of; undefined: a new one.
 */
export async function save(
  draft: Draft,
  base: Dashboard | undefined,
  stored: Catalog["metrics"],
  requests: Pick<Requests, "dashboard" | "putMetric" | "putDashboard">,
): Promise<SaveOutcome> {
  let at: string | undefined;
  try {
    const now = await requests.dashboard(draft.dashboard.name);
    if (JSON.stringify(now) !== JSON.stringify(base)) return { status: "changed", stored: now };
    for (const metric of Object.values(draft.metrics)) {
      at = metric.name;
      if (!isStored(metric, stored)) await requests.putMetric(metric);
    }
    at = undefined;
    return { status: "saved", stored: await requests.putDashboard(draft.dashboard) };
  } catch (error) {
    if (!(error instanceof RequestError)) throw error;
    const { message, isRefusal } = error;
    if (isRefusal) return { status: "key", message };
    return { status: "refused", message, ...(at === undefined ? {} : { metric: at }) };
  }
}
