import type { CatalogChange, DefinitionKind } from "../../durable-objects/catalog/catalog-definitions.ts";
import type { DefinitionSource } from "../../durable-objects/catalog/definitions.ts";
import { isPrivateAddress, webhookFault } from "../../durable-objects/alerts/webhook-address.ts";
import { type AlertSource, parseAlert } from "../../protocol/alert.ts";
import { parseDashboard } from "../../protocol/dashboard.ts";
import { parseMetric } from "../../protocol/metric.ts";
import { describe, fail, ok, type Result } from "../../protocol/result.ts";
import { isViewSource, parseView } from "../../protocol/view.ts";

const NAME = /^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,63}$/;

/** Checks a definition as far as that goes without the others, and gives what the catalog stores of it. */
export function parseSource(
  kind: DefinitionKind,
  name: string,
  raw: unknown,
  allowPrivateWebhooks: boolean,
): Result<CatalogChange> {
  if (kind === "dashboards") {
    if (!NAME.test(name)) return fail("invalid", nameFault("dashboard", name));
    const dashboard = parseDashboard(name, raw);
    return dashboard.ok ? ok({ kind, name, source: dashboard.value }) : dashboard;
  }
  if (kind === "alerts") {
    const rule = parseAlert(name, raw);
    if (!rule.ok) return rule;
    const { webhook } = rule.value;
    const fault = webhook === undefined ? undefined : addressFault(webhook, allowPrivateWebhooks);
    return fault === undefined
      ? ok({ kind, name, source: { ...(raw as AlertSource), name } })
      : fail("invalid", fault);
  }
  const parsed = isViewSource(raw) ? parseView(name, raw) : parseMetric(name, raw);
  return parsed.ok ? ok({ kind, name, source: { ...(raw as DefinitionSource), name } }) : parsed;
}

/** Whether a name may stand in the catalog. */
export function isName(name: string): boolean {
  return NAME.test(name);
}

export function nameFault(what: string, name: string): string {
  return `the ${what}'s name is ${describe(name)}; expected letters, digits, _ . -, at most 64`;
}

function addressFault(webhook: string, allowPrivate: boolean): string | undefined {
  const fault = webhookFault(webhook);
  if (fault !== undefined || allowPrivate || !isPrivateAddress(webhook)) return fault;
  const { hostname } = new URL(webhook);
  return `webhook is at '${hostname}', which is no public address; the setting ALERT_PRIVATE_WEBHOOKS allows such`;
}
