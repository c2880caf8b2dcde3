import type { AlertSource } from "../../protocol/alert.ts";
import { isSameJson } from "../../protocol/changed-fields.ts";
import type { CatalogChangeRequest } from "../../protocol/catalog-change.ts";
import { RequestError } from "../api.ts";
import type { Requests, Stored } from "../build/requests.ts";

/** What a form was made of. */
export interface RuleBase {
  /** As the catalog had it then; undefined: there was none. */
  rule: AlertSource | undefined;
  /** Whether it was seen with its webhook: only an admin key is told where it goes. */
  isWhole: boolean;
}

/** A rule that somebody else has changed since the form was made of it. */
export interface RuleConflict {
  /** As it is by now; undefined: it was removed. */
  stored: AlertSource | undefined;
  mine: AlertSource;
}

type Catalog = Pick<Requests, "stored" | "change">;

/**
 * Stores a rule in place of what its form was made of.
 *
 * @param keepsWebhook nobody has touched where it goes: that stays as it is.
 * @returns what is in the way.
 * @throws RequestError when it is refused for another reason.
 */
export async function saveRule(
  mine: AlertSource,
  base: RuleBase,
  keepsWebhook: boolean,
  catalog: Catalog,
): Promise<RuleConflict | undefined> {
  // Of a new one nothing is there to be looked at: the catalog sees to that.
  const now = base.rule === undefined ? {} : await catalog.stored<AlertSource>("alerts", mine.name);
  const webhook = keepsWebhook ? now.definition?.webhook : mine.webhook;
  const next = webhook === undefined ? withoutWebhook(mine) : { ...mine, webhook };
  if (!isAsItWas(now, base) && !isSameJson(now.definition, next)) {
    return { stored: now.definition, mine: next };
  }
  const put = { kind: "alerts", name: mine.name, put: next } as const;
  return changeUnlessMoved(put, now, next, catalog);
}

/** Deletes the rule that a form was made of. */
export async function deleteRule(
  mine: AlertSource,
  base: RuleBase,
  catalog: Catalog,
): Promise<RuleConflict | undefined> {
  const now = await catalog.stored<AlertSource>("alerts", mine.name);
  if (now.definition === undefined) return undefined;
  if (!isAsItWas(now, base)) return { stored: now.definition, mine };
  return changeUnlessMoved({ kind: "alerts", name: mine.name, delete: true }, now, mine, catalog);
}

/** The catalog looks once more: somebody may have come in between. */
async function changeUnlessMoved(
  change: CatalogChangeRequest,
  { definition, tag }: Stored<AlertSource>,
  mine: AlertSource,
  catalog: Catalog,
): Promise<RuleConflict | undefined> {
  const isNew = definition === undefined;
  try {
    await catalog.change([
      { ...change, ...(isNew ? { ifNoneMatch: "*" } : tag === undefined ? {} : { ifMatch: tag }) },
    ]);
    return undefined;
  } catch (error) {
    if (!(error instanceof RequestError) || error.status !== 412) throw error;
    const stored = (await catalog.stored<AlertSource>("alerts", mine.name)).definition;
    return change.put !== undefined && isSameJson(stored, mine) ? undefined : { stored, mine };
  }
}

function isAsItWas({ definition }: Stored<AlertSource>, { rule, isWhole }: RuleBase): boolean {
  if (isWhole || definition === undefined || rule === undefined) return isSameJson(definition, rule);
  return isSameJson(withoutWebhook(definition), withoutWebhook(rule));
}

function withoutWebhook(rule: AlertSource): AlertSource {
  const shown = { ...rule };
  delete shown.webhook;
  return shown;
}
