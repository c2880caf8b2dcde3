import type { Context } from "hono";
import type { ArchiverStats } from "../../durable-objects/archiver.ts";
import type { BatcherStats } from "../../durable-objects/batcher.ts";
import { catalogOf, type Env, settingsOf } from "../../durable-objects/env.ts";
import type { HubStats } from "../../durable-objects/live-hub.ts";
import { hubName } from "../../durable-objects/live/hub-tree.ts";
import type { MetricStats } from "../../durable-objects/window/metric-stats.ts";
import type { ReaderStats } from "../../durable-objects/partition-reader.ts";
import { type App, keyOf } from "../authorize.ts";
import { HttpError } from "../http-error.ts";
import { alertFamilies } from "./alert-families.ts";
import { hotStoreFamilies } from "./hot-store-families.ts";
import { pointArchiveFamilies } from "./point-archive-families.ts";
import { type MetricFamily, prometheusText } from "./prometheus-text.ts";

/**
 * `GET /metrics`: the counters of every object, in Prometheus text. Each series carries the object it comes from,
 * because a counter begins again with its object's life.
 */
export async function getMetrics(c: Context<App>): Promise<Response> {
  const { metricsToken } = settingsOf(c.env);
  if (metricsToken !== undefined && keyOf(c.req.raw) !== metricsToken) {
    throw new HttpError(401, "unauthorized", "this needs METRICS_TOKEN as a bearer token");
  }
  const families = [
    ...(await ingestFamilies(c.env)),
    ...(await readerFamilies(c.env)),
    ...(await archiveFamilies(c.env)),
    ...(await pointArchiveFamilies(c.env)),
    ...(await projectFamilies(c.env)),
    ...(await hotStoreFamilies(c.env)),
    ...(await alertFamilies(c.env)),
  ];
  return c.body(prometheusText(families), 200, {
    "content-type": "text/plain; version=0.0.4; charset=utf-8",
  });
}

async function ingestFamilies(env: Env): Promise<MetricFamily[]> {
  const names = await catalogOf(env).batchers();
  const stats: BatcherStats[] = await Promise.all(names.map((name) => env.BATCHER.getByName(name).stats()));
  const counter = counterOf(stats, ({ name }) => ({ batcher: name }));
  return [
    counter("freshet_events_accepted_total", "Events acknowledged as durable.", (s) => s.acceptedEvents),
    counter("freshet_batches_accepted_total", "Batches acknowledged as durable.", (s) => s.acceptedBatches),
    counter(
      "freshet_batches_repeated_total",
      "Batches answered from memory as repeats.",
      (s) => s.duplicateBatches,
    ),
    counter("freshet_batches_unavailable_total", "Batches answered with 503.", (s) => s.unavailableBatches),
    {
      name: "freshet_events_rejected_total",
      type: "counter",
      help: "Events refused, by reason.",
      samples: stats.flatMap(({ name, rejectedEvents }) =>
        Object.entries(rejectedEvents).map(([reason, value]) => ({
          labels: { batcher: name, reason },
          value,
        })),
      ),
    },
    gaugeOf(stats, ({ name }) => ({ batcher: name }))(
      "freshet_batcher_waiting_bytes",
      "Bytes that wait for the event log.",
      (s) => s.waitingBytes,
    ),
  ];
}

async function readerFamilies(env: Env): Promise<MetricFamily[]> {
  const { partitions } = settingsOf(env);
  const stats: ReaderStats[] = await Promise.all(
    Array.from({ length: partitions }, (_, p) => env.PARTITION_READER.getByName(String(p)).stats()),
  );
  const counter = counterOf(stats, ({ partition }) => ({ partition }));
  const gauge = gaugeOf(stats, ({ partition }) => ({ partition }));
  return [
    counter("freshet_events_read_total", "Events folded into windows.", (s) => s.events),
    counter(
      "freshet_batches_duplicate_total",
      "Batches read from the log again and left out.",
      (s) => s.duplicateBatches,
    ),
    counter(
      "freshet_events_duplicate_total",
      "Events of batches read again and left out.",
      (s) => s.duplicateEvents,
    ),
    counter(
      "freshet_events_malformed_total",
      "Events in the log that could not be read.",
      (s) => s.malformedEvents,
    ),
    counter(
      "freshet_log_lost_offsets_total",
      "Offsets that retention took before they were read.",
      (s) => s.lostOffsets,
    ),
    counter(
      "freshet_reader_retries_total",
      "Steps of the reader that failed and were repeated.",
      (s) => s.retries,
    ),
    gauge("freshet_log_lag_records", "Records of the log not yet read.", (s) =>
      Math.max(0, s.endOffset - s.nextOffset),
    ),
    gauge("freshet_log_next_offset", "Next offset to read.", (s) => s.nextOffset),
  ];
}

/** Without an archive there are none. */
async function archiveFamilies(env: Env): Promise<MetricFamily[]> {
  if (env.ARCHIVE === undefined) return [];
  const nowMs = Date.now();
  const partitions = Array.from({ length: settingsOf(env).partitions }, (_, p) => String(p));
  const stats = await Promise.all(partitions.map((p) => env.ARCHIVER.getByName(p).stats()));
  const logs = await Promise.all(partitions.map((p) => env.PARTITION_READER.getByName(p).stats()));
  const counter = counterOf<ArchiverStats>(stats, ({ partition }) => ({ partition }));
  const gauge = gaugeOf<ArchiverStats>(stats, ({ partition }) => ({ partition }));
  return [
    counter("freshet_archive_events_total", "Events archived.", (s) => s.events),
    counter("freshet_archive_files_total", "Files written of new events.", (s) => s.files),
    counter("freshet_archive_bytes_total", "Bytes of these files.", (s) => s.bytes),
    counter("freshet_archive_compactions_total", "Files put together from several.", (s) => s.compactions),
    counter(
      "freshet_archive_duplicate_events_total",
      "Events left out as repeats.",
      (s) => s.duplicateEvents,
    ),
    counter(
      "freshet_archive_malformed_events_total",
      "Events that could not be read.",
      (s) => s.malformedEvents,
    ),
    counter(
      "freshet_archive_lost_offsets_total",
      "Offsets that retention took before they were archived.",
      (s) => s.lostOffsets,
    ),
    counter("freshet_archive_retries_total", "Runs that failed and were repeated.", (s) => s.retries),
    gauge("freshet_archive_lag_records", "Records of the log not yet archived.", (s) =>
      Math.max(0, (logs[s.partition]?.endOffset ?? s.endOffset) - s.nextOffset),
    ),
    gauge("freshet_archive_lag_seconds", "Age of the oldest record that waits to be archived.", (s) =>
      s.waitingSinceMs === undefined ? 0 : Math.max(0, nowMs - s.waitingSinceMs) / 1_000,
    ),
  ];
}

async function projectFamilies(env: Env): Promise<MetricFamily[]> {
  const nowMs = Date.now();
  const projects = await catalogOf(env).projects();
  const hubs = (await Promise.all(projects.map((project) => hubsOf(env, project)))).flat();
  const metrics: (MetricStats & { project: string })[] = [];
  for (const project of projects) {
    for (const stats of await env.METRIC_WINDOW.getByName(project).stats())
      metrics.push({ project, ...stats });
  }
  const counter = counterOf(metrics, ({ project, metric }) => ({ project, metric }));
  const known = metrics.filter(({ watermarkMs }) => watermarkMs >= 0);
  const hubGauge = gaugeOf(hubs, ({ project, hub }) => ({ project, hub }));
  const hubCounter = counterOf(hubs, ({ project, hub }) => ({ project, hub }));
  return [
    counter("freshet_events_late_total", "Events that came after their windows were sealed.", (s) => s.late),
    counter(
      "freshet_events_skipped_total",
      "Events without the field that the metric aggregates.",
      (s) => s.skipped,
    ),
    counter("freshet_events_dropped_total", "Events beyond what memory holds of sessions.", (s) => s.dropped),
    counter(
      "freshet_groups_folded_total",
      "Times that a group's share of a range or window went to __other__.",
      (s) => s.folded,
    ),
    gaugeOf(known, ({ project, metric }) => ({ project, metric }))(
      "freshet_watermark_delay_seconds",
      "How far the metric's watermark is behind the clock.",
      (s) => (nowMs - s.watermarkMs) / 1_000,
    ),
    hubGauge("freshet_hub_sockets", "Open WebSockets.", (s) => s.sockets),
    hubGauge("freshet_hub_subscriptions", "Subscriptions of open WebSockets.", (s) => s.subscriptions),
    hubCounter("freshet_hub_frames_sent_total", "Snapshots and deltas sent.", (s) => s.framesSent),
    hubCounter("freshet_hub_bytes_sent_total", "Bytes of them.", (s) => s.bytesSent),
    hubCounter(
      "freshet_hub_frames_encoded_total",
      "Snapshots and deltas encoded; the others were the bytes of these.",
      (s) => s.framesEncoded,
    ),
    hubCounter(
      "freshet_hub_frames_merged_total",
      "Frames that came merged into others, for slow clients or a maxRate.",
      (s) => s.framesMerged,
    ),
    hubCounter("freshet_hub_resumes_total", "Subscriptions resumed by cursor.", (s) => s.resumed),
    hubCounter("freshet_hub_snapshots_total", "Whole pictures sent.", (s) => s.snapshots),
    hubCounter(
      "freshet_hub_stale_sockets_total",
      "Sockets closed for want of a ping.",
      (s) => s.staleSockets,
    ),
    hubCounter(
      "freshet_hub_send_failures_total",
      "Frames that a closed socket refused.",
      (s) => s.sendFailures,
    ),
  ];
}

/** Counters of a project's hubs: those after one that was never full were never needed. */
async function hubsOf(env: Env, project: string): Promise<HubStats[]> {
  const hubs: HubStats[] = [];
  do hubs.push(await env.LIVE_HUB.getByName(hubName(project, hubs.length)).stats());
  while (hubs.at(-1)?.hasOverflowed === true);
  return hubs;
}

type Labels = Record<string, string | number>;

function familyOf<S>(type: MetricFamily["type"], stats: readonly S[], labels: (s: S) => Labels) {
  return (name: string, help: string, value: (s: S) => number): MetricFamily => ({
    name,
    type,
    help,
    samples: stats.map((s) => ({ labels: labels(s), value: value(s) })),
  });
}

function counterOf<S>(stats: readonly S[], labels: (s: S) => Labels) {
  return familyOf("counter", stats, labels);
}

function gaugeOf<S>(stats: readonly S[], labels: (s: S) => Labels) {
  return familyOf("gauge", stats, labels);
}
