import type { Grant } from "../../durable-objects/catalog.ts";
import type { Group } from "../../protocol/series.ts";
import { allowedGroups } from "../../protocol/share.ts";
import { HttpError } from "../http-error.ts";

/**
 * The groups of a metric that a grant may read, of those that are asked for; undefined: all. A key may read all.
 *
 * @throws HttpError 403 where a share link shows neither.
 */
export function readableGroups(
  { share }: Grant,
  metric: string,
  asked: readonly Group[] | undefined,
): Group[] | undefined {
  if (share === undefined) return asked && [...asked];
  if (!share.scope.metrics.includes(metric)) {
    throw new HttpError(403, "not_shared", `the share link does not show '${metric}'`);
  }
  const groups = allowedGroups(asked, share.scope.groups);
  if (groups?.length === 0 && share.scope.groups !== undefined) {
    throw new HttpError(403, "not_shared", `the share link shows none of these groups of '${metric}'`);
  }
  return groups;
}
