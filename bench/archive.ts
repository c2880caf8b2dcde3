// What an event costs in the archive: bytes, and CPU to cut, to write and to read back: node bench/archive.ts
import { gzipSync, zstdCompressSync, constants } from "node:zlib";
import { snappyCompress } from "hyparquet-writer/src/snappy.js";
import { cutRecords } from "../durable-objects/archive/cut.ts";
import { encodeEvents } from "../durable-objects/archive/event-file.ts";
import { EventRows } from "../durable-objects/archive/event-rows.ts";
import { readEvents } from "../durable-objects/archive/read-events.ts";
import { type Codec, ZSTD } from "../durable-objects/archive/zstd.ts";
import { BatchIdMemory } from "../durable-objects/engine/batch-id-memory.ts";
import type { StoredRecord } from "../durable-objects/log/event-log.ts";
import { makeBodies } from "./helpers/events.ts";
import { median, rounded, writeResult } from "./helpers/results.ts";

const ROUNDS = 7;
const HOUR_START_MS = 1_764_000_000_000;

const zstd = (level: number): Codec => ({
  name: "ZSTD",
  compress: (bytes) => zstdCompressSync(bytes, { params: { [constants.ZSTD_c_compressionLevel]: level } }),
});
const CODECS: [label: string, codec: Codec][] = [
  ["none", { name: "UNCOMPRESSED", compress: (bytes) => bytes }],
  ["snappy", { name: "SNAPPY", compress: snappyCompress }],
  ["gzip 1", { name: "GZIP", compress: (bytes) => gzipSync(bytes, { level: 1 }) }],
  ["zstd 1", zstd(1)],
  ["zstd 3", ZSTD],
  ["zstd 6", zstd(6)],
];

/** Records of `eventsEach` events, spread over a minute in the order in which they would come. */
function makeRecords(events: number, eventsEach: number, ids: boolean): StoredRecord[] {
  return makeBodies(events / eventsEach, eventsEach).map(({ bytes }, offset) => {
    const sent = [JSON.parse(bytes.toString()) as object].flat();
    const lines = sent.map((event, i) => {
      const ts = HOUR_START_MS + Math.floor((offset * eventsEach * 60_000) / events) + ((i * 7_919) % 3_000);
      return JSON.stringify({ ...event, ts, ...(ids ? { id: crypto.randomUUID() } : {}) });
    });
    const headers = { project: "p", count: lines.length, receivedAtMs: HOUR_START_MS, schemaVersion: 1 };
    return { offset, key: String(offset), headers, value: new TextEncoder().encode(lines.join("\n")) };
  });
}

/** CPU microseconds of `work`, for each of `events`: the median of some rounds after a first one. */
async function cpuUs(events: number, work: () => unknown): Promise<number> {
  await work();
  const rounds: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const start = process.cpuUsage();
    await work();
    const { user, system } = process.cpuUsage(start);
    rounds.push((user + system) / events);
  }
  return rounded(median(rounds));
}

function cut(records: readonly StoredRecord[]): EventRows {
  return cutRecords(records, new BatchIdMemory(3_600_000)).hours[0]?.rows ?? new EventRows();
}

async function measure(events: number, eventsEach: number, ids: boolean) {
  const records = makeRecords(events, eventsEach, ids);
  const rows = cut(records);
  const { body, footerBytes } = encodeEvents(rows);
  const bucket = {
    put: async () => undefined,
    delete: async () => undefined,
    get: async (_: string, range?: { offset: number; length: number }) =>
      body.slice(range?.offset, (range?.offset ?? 0) + (range?.length ?? body.length)).buffer,
  };
  const file = { path: "f", bytes: body.length, footerBytes };
  const read = async (fields: readonly ("value" | "user" | "props")[]): Promise<void> => {
    const query = { name: "ad_click", fromMs: 0, toMs: Number.MAX_SAFE_INTEGER, fields };
    for await (const some of readEvents([file], query, bucket)) void some;
  };
  return {
    events,
    eventsEach,
    ids,
    logBytes: rounded(records.reduce((sum, { value }) => sum + value.length, 0) / events),
    bytes: rounded(body.length / events),
    cutUs: await cpuUs(events, () => cut(records)),
    encodeUs: await cpuUs(events, () => encodeEvents(rows)),
    readValueUs: await cpuUs(events, () => read(["value"])),
    readAllUs: await cpuUs(events, () => read(["value", "user", "props"])),
  };
}

const cases = [];
for (const [events, eventsEach, ids] of [
  [50_000, 1_000, false],
  [50_000, 100, false],
  [50_000, 1, false],
  [50_000, 100, true],
  [2_000, 100, false],
] as const) {
  cases.push(await measure(events, eventsEach, ids));
}
const rows = cut(makeRecords(50_000, 100, false));
const codecs = [];
for (const [label, codec] of CODECS) {
  const encode = () => encodeEvents(rows, codec);
  codecs.push({
    label,
    bytes: rounded(encode().body.length / 50_000),
    encodeUs: await cpuUs(50_000, encode),
  });
}
console.table(cases);
console.table(codecs);
console.log(writeResult("archive", { cases, codecs }));
