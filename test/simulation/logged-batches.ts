import { decodeSegment } from "../../durable-objects/log/segment.ts";
import type { Event } from "../../protocol/event.ts";
import { type Deployment, PARTITIONS } from "./deployment.ts";

/** The first copy of a batch in the log. */
export interface LoggedBatch {
  key: string;
  partition: number;
  offset: number;
  /** When it was appended, epoch ms. */
  appendedMs: number;
  events: Event[];
}

/** What the log holds, copies left out, from its storage. */
export function loggedBatches(
  deployment: Deployment,
  eventsByKey: ReadonlyMap<string, Event[]>,
): LoggedBatch[] {
  return Array.from({ length: PARTITIONS }, (_, partition) => {
    const rows = deployment
      .object("LOG_PARTITION", String(partition))
      .storage.rowsOf(
        "segments",
        "SELECT first_offset, count, appended_ms, body FROM segments ORDER BY first_offset",
      );
    const first = new Map<string, LoggedBatch>();
    for (const row of rows) {
      const body = new Uint8Array(row["body"] as ArrayBuffer);
      const segment = { firstOffset: Number(row["first_offset"]), count: Number(row["count"]), body };
      for (const { key, offset } of decodeSegment(segment)) {
        if (first.has(key)) continue;
        const appendedMs = Number(row["appended_ms"]);
        first.set(key, { key, partition, offset, appendedMs, events: eventsByKey.get(key) ?? [] });
      }
    }
    return [...first.values()];
  }).flat();
}
