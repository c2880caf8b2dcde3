import { catalogOf, type Env } from "../../durable-objects/env.ts";
import type { AlertStats } from "../../durable-objects/alerts/window-alerts.ts";
import type { MetricFamily } from "./prometheus-text.ts";

/** What alerts have fired, and what has become of their notifications. */
export async function alertFamilies(env: Env): Promise<MetricFamily[]> {
  const projects = await catalogOf(env).projects();
  const objects = projects.map((project) => env.METRIC_WINDOW.getByName(project).alertStats());
  const stats = ((await Promise.all(objects)) as AlertStats[][]).flat();
  const family = (
    name: string,
    type: MetricFamily["type"],
    help: string,
    value: (s: AlertStats) => number,
  ): MetricFamily => {
    return {
      name,
      type,
      help,
      samples: stats.map((s) => ({ labels: { object: s.object }, value: value(s) })),
    };
  };
  return [
    family("freshet_alerts_fired_total", "counter", "Alerts that fired, one a group.", (s) => s.fired),
    family("freshet_alerts_resolved_total", "counter", "Alerts that were resolved.", (s) => s.resolved),
    family("freshet_alerts_silenced_total", "counter", "Alerts that fired in a silence.", (s) => s.silenced),
    family(
      "freshet_alert_notifications_delivered_total",
      "counter",
      "Notifications that a webhook has taken.",
      (s) => s.delivered,
    ),
    family(
      "freshet_alert_notifications_waiting",
      "gauge",
      "Notifications that wait for their webhook.",
      (s) => s.waiting,
    ),
    byReason("freshet_alert_retries_total", "Deliveries that failed, by reason.", stats, "retries"),
    byReason(
      "freshet_alert_notifications_dropped_total",
      "Notifications that will not arrive, by reason.",
      stats,
      "dropped",
    ),
  ];
}

function byReason(
  name: string,
  help: string,
  stats: readonly AlertStats[],
  counts: "retries" | "dropped",
): MetricFamily {
  const samples = stats.flatMap((each) =>
    Object.entries(each[counts]).map(([reason, value]) => ({
      labels: { object: each.object, reason },
      value,
    })),
  );
  return { name, type: "counter", help, samples };
}
