import type { BatchIdMemory } from "../engine/batch-id-memory.ts";
import { type BatchCounts, type FoldedRecord, newBatches, parseLines } from "../engine/new-batches.ts";
import type { StoredRecord } from "../log/event-log.ts";
import { foldable } from "../log/foldable.ts";
import { hourOf } from "./archive-path.ts";
import { EventRows, isEvent } from "./event-rows.ts";

/** The rows of one file to be written. */
export interface HourRows {
  project: string;
  hourMs: number;
  rows: EventRows;
}

/** What a range of the log holds for the archive. */
export interface Cut extends BatchCounts {
  /** By project and hour. */
  hours: HourRows[];
  events: number;
}

/**
 * Sorts the events of a range into files. Repeats are left out by the rule by which a partition reader leaves them
 * out, so that the archive holds the events that the windows count.
 */
export function cutRecords(records: Iterable<StoredRecord>, batchIds: BatchIdMemory): Cut {
  const hours = new Map<string, HourRows>();
  const cut: Cut = {
    hours: [],
    batches: [],
    receivedAtMs: 0,
    events: 0,
    duplicateBatches: 0,
    duplicateEvents: 0,
    malformedEvents: 0,
  };
  for (const record of newBatches(foldable(records), batchIds, cut)) addRecord(record, hours, cut);
  cut.hours = [...hours.values()].sort(byPlace);
  return cut;
}

function addRecord(
  { project, count, offset, text }: FoldedRecord,
  hours: Map<string, HourRows>,
  cut: Cut,
): void {
  const lines = parseLines(text);
  if (lines === undefined || project === "") {
    cut.malformedEvents += Math.max(1, count);
    return;
  }
  let hourMs = Number.NaN;
  let rows = new EventRows();
  for (let line = 0; line < lines.length; line++) {
    const event = lines[line];
    if (!isEvent(event)) {
      cut.malformedEvents++;
      continue;
    }
    const ownMs = hourOf(event.ts);
    if (ownMs !== hourMs) [hourMs, rows] = [ownMs, rowsOf(project, ownMs, hours)];
    rows.add(event, offset, line);
    cut.events++;
  }
}

function rowsOf(project: string, hourMs: number, hours: Map<string, HourRows>): EventRows {
  const key = `${hourMs} ${project}`;
  let hour = hours.get(key);
  if (hour === undefined) {
    hour = { project, hourMs, rows: new EventRows() };
    hours.set(key, hour);
  }
  return hour.rows;
}

/** The order of writing is the same on every repetition: a repetition begins where the last one was. */
function byPlace(a: HourRows, b: HourRows): number {
  if (a.project !== b.project) return a.project < b.project ? -1 : 1;
  return a.hourMs - b.hourMs;
}
