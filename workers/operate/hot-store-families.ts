import { catalogOf, type Env, settingsOf } from "../../durable-objects/env.ts";
import type { HotStats } from "../../durable-objects/window/hot-sender.ts";
import type { MetricFamily } from "./prometheus-text.ts";

/** What has gone to the hot store, and what has not; nothing where none is set. */
export async function hotStoreFamilies(env: Env): Promise<MetricFamily[]> {
  if (settingsOf(env).hotWrite === undefined) return [];
  const projects = await catalogOf(env).projects();
  const objects = projects.map((project) => env.METRIC_WINDOW.getByName(project).hotStats());
  const stats: HotStats[] = (await Promise.all(objects)).flat();
  return [
    {
      name: "freshet_hot_points_sent_total",
      type: "counter",
      help: "Sealed points that the hot store has acknowledged.",
      samples: stats.map(({ object, sentPoints }) => ({ labels: { object }, value: sentPoints })),
    },
    {
      name: "freshet_hot_points_waiting",
      type: "gauge",
      help: "Sealed points that wait for the hot store.",
      samples: stats.map(({ object, waitingPoints }) => ({ labels: { object }, value: waitingPoints })),
    },
    byReason("freshet_hot_points_dropped_total", "Sealed points that will not arrive.", stats, "dropped"),
    byReason("freshet_hot_retries_total", "Requests to the hot store that failed.", stats, "retries"),
  ];
}

function byReason(
  name: string,
  help: string,
  stats: readonly HotStats[],
  counts: "dropped" | "retries",
): MetricFamily {
  const samples = stats.flatMap((each) =>
    Object.entries(each[counts]).map(([reason, value]) => ({
      labels: { object: each.object, reason },
      value,
    })),
  );
  return { name, type: "counter", help: `${help.slice(0, -1)}, by reason.`, samples };
}
