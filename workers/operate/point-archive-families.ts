import { catalogOf, type Env } from "../../durable-objects/env.ts";
import type { MetricFamily } from "./prometheus-text.ts";

/** What of sealed points is archived, by window object; nothing without an archive. */
export async function pointArchiveFamilies(env: Env): Promise<MetricFamily[]> {
  if (env.ARCHIVE === undefined) return [];
  const projects = await catalogOf(env).projects();
  const waiting = await Promise.all(
    projects.map((project) => env.METRIC_WINDOW.getByName(project).pointStats()),
  );
  const stats = await Promise.all(
    waiting.flat().map(async (each) => ({
      ...(await env.POINT_ARCHIVER.getByName(each.object).stats()),
      ...each,
    })),
  );
  type Stats = (typeof stats)[number];
  const family = (
    name: string,
    help: string,
    value: (s: Stats) => number,
    type: MetricFamily["type"] = "counter",
  ): MetricFamily => ({
    name: `freshet_archive_points_${name}`,
    type,
    help,
    samples: stats.map((each) => ({ labels: { object: each.object }, value: value(each) })),
  });
  return [
    family("total", "Sealed points archived, those that are rolled up among them.", (s) => s.points),
    family("files_total", "Files written of them.", (s) => s.files),
    family("bytes_total", "Bytes of these files.", (s) => s.bytes),
    family("retries_total", "Batches that failed and were repeated.", (s) => s.retries),
    family("dropped_total", "Points that a full disk took before they were archived.", (s) => s.dropped),
    family("waiting", "Points that wait to be archived.", (s) => s.waitingPoints, "gauge"),
  ];
}
