import type { FoldedRecord } from "../engine/new-batches.ts";
import type { StoredRecord } from "./event-log.ts";

/** Records of the log as folding takes them. */
export function* foldable(records: Iterable<StoredRecord>): Generator<FoldedRecord> {
  const decoder = new TextDecoder();
  for (const { offset, key, headers, value } of records) {
    const { project, count, receivedAtMs } = headers;
    yield { offset, key, project, count, receivedAtMs, text: decoder.decode(value) };
  }
}
