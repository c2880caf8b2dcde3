import { BinaryWriter } from "@bufbuild/protobuf/wire";
import { compress } from "snappyjs";
import type { HotSeries } from "../engine/hot-series.ts";

// Fields of Prometheus remote write 1.0, prometheus.WriteRequest.
const WRITE_REQUEST = { timeseries: 1 };
const TIME_SERIES = { labels: 1, samples: 2 };
const LABEL = { name: 1, value: 2 };
const SAMPLE = { value: 1, timestamp: 2 };

/** What goes with a body that {@link encodeWriteRequest} made. */
export const REMOTE_WRITE_HEADERS = {
  "content-type": "application/x-protobuf",
  "content-encoding": "snappy",
  "x-prometheus-remote-write-version": "0.1.0",
  "user-agent": "freshet",
};

/** The body of a remote write request: protobuf, packed with snappy. */
export function encodeWriteRequest(series: readonly HotSeries[]): Uint8Array {
  const writer = new BinaryWriter();
  for (const each of series) writeTimeSeries(delimited(writer, WRITE_REQUEST.timeseries), each).join();
  return compress(writer.finish());
}

function writeTimeSeries(writer: BinaryWriter, { labels, t, v }: HotSeries): BinaryWriter {
  for (const [name, value] of labels) {
    delimited(writer, TIME_SERIES.labels);
    tag(writer, LABEL.name, "delimited").string(name);
    tag(writer, LABEL.value, "delimited").string(value).join();
  }
  for (const [i, end] of t.entries()) {
    delimited(writer, TIME_SERIES.samples);
    tag(writer, SAMPLE.value, "bit64").double(v[i] ?? Number.NaN);
    tag(writer, SAMPLE.timestamp, "varint").int64(end).join();
  }
  return writer;
}

const WIRE_TYPES = { varint: 0, bit64: 1, delimited: 2 };

function tag(writer: BinaryWriter, field: number, type: keyof typeof WIRE_TYPES): BinaryWriter {
  return writer.tag(field, WIRE_TYPES[type]);
}

function delimited(writer: BinaryWriter, field: number): BinaryWriter {
  return tag(writer, field, "delimited").fork();
}

/** What became of a request. `failed`: it may be repeated. `refused`: repeated as it is, it would fail again. */
export type WriteOutcome =
  | { type: "written" }
  | { type: "refused"; reason: string }
  | { type: "failed"; reason: string; retryAfterMs: number };

/** Answers that are about the samples: not about who asks, where, or when. */
const REFUSALS = new Set([400, 413, 422]);
const LONGEST_RETRY_AFTER_MS = 300_000;

/** What an answer means. Whoever has no access now, or the wrong address, may have the right one later. */
export function outcomeOf(status: number, retryAfter: string | null, nowMs: number): WriteOutcome {
  if (status >= 200 && status < 300) return { type: "written" };
  const reason = `status_${status}`;
  if (REFUSALS.has(status)) return { type: "refused", reason };
  return { type: "failed", reason, retryAfterMs: retryAfterMs(retryAfter, nowMs) };
}

/** `Retry-After` in seconds or as a date; 0 without one that can be read. */
export function retryAfterMs(header: string | null, nowMs: number): number {
  if (header === null) return 0;
  const ms = /^\s*\d+\s*$/.test(header) ? Number(header) * 1_000 : Date.parse(header) - nowMs;
  return Math.min(LONGEST_RETRY_AFTER_MS, Math.max(0, ms || 0));
}

const FIRST_DELAY_MS = 1_000;
const LONGEST_DELAY_MS = 60_000;

/**
 * How long to wait after the `failures`-th failure in a row.
 *
 * @param chance 0 to 1, so that many objects do not come back in one moment.
 */
export function backoffMs(failures: number, retryAfterMs: number, chance: number): number {
  const delay = Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** Math.min(failures - 1, 16));
  return Math.max(retryAfterMs, delay * (0.5 + chance / 2));
}
