import type { LogRecord, StoredRecord } from "./event-log.ts";

/**
 * A run of records as one blob: what the embedded log stores in one row and sends over RPC as it is.
 * Each record: length of its head (u32), length of its value (u32), the head as JSON, the value.
 */
export interface Segment {
  firstOffset: number;
  count: number;
  body: Uint8Array;
  /** When it was appended, epoch ms. */
  appendedMs?: number;
}

type Head = [key: string, project: string, count: number, receivedAtMs: number, schemaVersion: number];

const LENGTHS_BYTES = 8;

/** Packs records into blobs of at most `maxBytes`; a record larger than that has one to itself. */
export function encodeSegments(
  records: readonly LogRecord[],
  maxBytes: number,
): { count: number; body: Uint8Array }[] {
  const encoder = new TextEncoder();
  const segments: { count: number; body: Uint8Array }[] = [];
  let frames: Uint8Array[] = [];
  let bytes = 0;
  for (const record of records) {
    const frame = encodeFrame(record, encoder);
    if (frames.length > 0 && bytes + frame.length > maxBytes) {
      segments.push({ count: frames.length, body: concatenate(frames, bytes) });
      frames = [];
      bytes = 0;
    }
    frames.push(frame);
    bytes += frame.length;
  }
  if (frames.length > 0) segments.push({ count: frames.length, body: concatenate(frames, bytes) });
  return segments;
}

/** Unpacks a blob; the values are views into it. */
export function decodeSegment(segment: Segment): StoredRecord[] {
  const { body, appendedMs } = segment;
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
  const decoder = new TextDecoder();
  const records: StoredRecord[] = [];
  for (let at = 0; at < body.length;) {
    const headEnd = at + LENGTHS_BYTES + view.getUint32(at);
    const valueEnd = headEnd + view.getUint32(at + 4);
    const head = JSON.parse(decoder.decode(body.subarray(at + LENGTHS_BYTES, headEnd))) as Head;
    const [key, project, count, receivedAtMs, schemaVersion] = head;
    records.push({
      offset: segment.firstOffset + records.length,
      key,
      headers: { project, count, receivedAtMs, schemaVersion },
      value: body.subarray(headEnd, valueEnd),
      ...(appendedMs === undefined ? {} : { appendedAtMs: appendedMs }),
    });
    at = valueEnd;
  }
  return records;
}

function encodeFrame({ key, headers, value }: LogRecord, encoder: TextEncoder): Uint8Array {
  const head: Head = [key, headers.project, headers.count, headers.receivedAtMs, headers.schemaVersion];
  const headBytes = encoder.encode(JSON.stringify(head));
  const frame = new Uint8Array(LENGTHS_BYTES + headBytes.length + value.length);
  const view = new DataView(frame.buffer);
  view.setUint32(0, headBytes.length);
  view.setUint32(4, value.length);
  frame.set(headBytes, LENGTHS_BYTES);
  frame.set(value, LENGTHS_BYTES + headBytes.length);
  return frame;
}

function concatenate(parts: readonly Uint8Array[], bytes: number): Uint8Array {
  const whole = new Uint8Array(bytes);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
