import type { DefinitionKind, Refusal } from "../../durable-objects/catalog/catalog-definitions.ts";
import { LIMITS } from "../../protocol/limits.ts";
import { seriesName } from "../../protocol/prometheus-names.ts";
import { HttpError, unavailable } from "../http-error.ts";

/** What the catalog has refused to change. */
export interface RefusedDefinition {
  kind: DefinitionKind;
  name: string;
  refusal: Refusal;
  /** What was asked for of the one that is there: `if-match is "1f3a"`. */
  wanted: string;
}

/** The answer to a change of a definition that is refused. */
export function refusedError({ kind, name, refusal, wanted }: RefusedDefinition): HttpError {
  const what = kind.slice(0, -1);
  if (refusal === "series_taken") {
    const message = `another metric is the Prometheus series ${seriesName(name)} already; choose another name`;
    return new HttpError(409, "series_taken", message);
  }
  if (refusal === "too_many") {
    const most = kind === "metrics" ? LIMITS.metricsPerProject : LIMITS.alertsPerProject;
    return new HttpError(
      409,
      `too_many_${kind}`,
      `the project has ${most} ${kind}, which is the bound; delete one`,
    );
  }
  if ("tag" in refusal) {
    const { tag } = refusal;
    const there = tag === null ? `there is no ${what} '${name}'` : `the ${what} '${name}' is "${tag}"`;
    const message = `${wanted}, but ${there}: somebody else has changed it; nothing was stored`;
    return new HttpError(412, "precondition_failed", message, tag === null ? {} : { etag: `"${tag}"` });
  }
  const { message } = refusal;
  const owner = "alert" in refusal ? "alert" : "view";
  const dependent = "alert" in refusal ? refusal.alert : refusal.view;
  const isOwn = dependent === name && (owner === "alert") === (kind === "alerts");
  if (isOwn) return new HttpError(400, "invalid", message);
  const verb = owner === "alert" ? "evaluated" : "computed";
  const text = `the ${owner} '${dependent}' could not be ${verb} any more: ${message}; change or delete it first`;
  return new HttpError(409, `${owner}_broken`, text);
}

/** A change of definitions counts once every reader and window object knows of it; the same request again is safe. */
export async function confirmed<T>(change: () => Promise<T>): Promise<T> {
  try {
    return await change();
  } catch {
    const message = "the definition is stored, but not every reader could be told; repeat the request";
    throw unavailable(message, 1_000);
  }
}
