import { beforeAll, describe, expect, it } from "vitest";
import { randomness } from "../../bench/helpers/events.ts";
import type { Event } from "../../protocol/event.ts";
import type { ArchiveBucket } from "./archive-bucket.ts";
import { encodeEvents } from "./event-file.ts";
import { EventRows } from "./event-rows.ts";
import {
  type EventFileToRead,
  type EventQuery,
  type EventReadCounts,
  noCounts,
  readEvents,
} from "./read-events.ts";
import { ArchiveFileGoneError } from "./read-groups.ts";
import { joinRanges } from "./read-plan.ts";

const HOUR = 1_795_000_000_000 - (1_795_000_000_000 % 3_600_000);
/** Some frequent, some seldom: 1, 1/2, 1/3, … of each other. */
const NAMES = [
  "page_view",
  "click",
  "scroll",
  "purchase",
  "signup",
  "login",
  "logout",
  "error",
  "refund",
  "𝒳",
];
const FIELDS = ["value", "user", "props", "id", "place"] as const;

const objects = new Map<string, Uint8Array>();
const requests: { path: string; length: number }[] = [];
const bucket: ArchiveBucket = {
  put: async () => undefined,
  get: async (path, range) => {
    const body = objects.get(path);
    if (body === undefined) return undefined;
    const { offset, length } = range ?? { offset: 0, length: body.length };
    requests.push({ path, length });
    return body.slice(offset, offset + length).buffer;
  },
  delete: async () => undefined,
};
const files: EventFileToRead[] = [];
const events: Event[] = [];

beforeAll(() => {
  const random = randomness(7);
  for (let file = 0; file < 2; file++) {
    const rows = new EventRows();
    for (let i = 0; i < 40_000; i++) {
      const event: Event = {
        name: NAMES[Math.floor(NAMES.length ** random()) - 1] ?? "page_view",
        ts: HOUR + Math.floor(random() * 3_600_000),
        id: crypto.randomUUID(),
        user: `u${Math.floor(random() * 50_000)}`,
        value: Math.round(random() * 10_000) / 100,
        props: { page: `/offers/${Math.floor(random() * 1e6)}`, country: random() < 0.5 ? "DE" : "US" },
      };
      events.push(event);
      rows.add(event, file * 1_000 + Math.floor(i / 100), i % 100);
    }
    const { body, footerBytes, names } = encodeEvents(rows);
    const path = `f${file}`;
    objects.set(path, body);
    files.push(
      names === undefined
        ? { path, bytes: body.length, footerBytes }
        : { path, bytes: body.length, footerBytes, names },
    );
  }
});

async function read(query: EventQuery): Promise<{ found: Event[]; counts: EventReadCounts }> {
  const counts = noCounts();
  const found: Event[] = [];
  for await (const some of readEvents(files, query, bucket, counts)) found.push(...some);
  return { found, counts };
}

function wanted({ name, fromMs, toMs }: EventQuery): Event[] {
  return events.filter((e) => (name === undefined || e.name === name) && e.ts >= fromMs && e.ts < toMs);
}

function byId(a: Event, b: Event): number {
  return (a.id ?? "") < (b.id ?? "") ? -1 : 1;
}

const all = { fromMs: HOUR, toMs: HOUR + 3_600_000 };

describe("[C3] reading the archive by range requests", () => {
  it.each([
    { ...all, fields: FIELDS },
    { ...all, name: "click", fields: FIELDS },
    { ...all, name: "refund", fields: FIELDS },
    { ...all, name: "𝒳", fields: FIELDS },
    { name: "page_view", fromMs: HOUR + 600_000, toMs: HOUR + 660_000, fields: FIELDS },
    { name: "nothing", ...all, fields: FIELDS },
  ])("[C3] brings just the events that are wanted, whole: $name", async (query) => {
    const { found, counts } = await read(query);
    expect(counts.events).toBe(found.length);
    const place = found.map(({ batch, line, ...event }: Event & { batch?: number; line?: number }) => {
      expect([batch, line].every(Number.isInteger)).toBe(true);
      return event;
    });
    expect(place.sort(byId)).toEqual(wanted(query).sort(byId));
  });

  it("[C3][P6] asks for at most 1.2 times the bytes of the columns and groups that it needs", async () => {
    for (const name of [undefined, "page_view", "purchase", "refund", "𝒳"]) {
      for (const fields of [[], ["value"], ["user"], ["value", "user"], ["props"], FIELDS] as const) {
        const query = name === undefined ? { ...all, fields } : { ...all, name, fields };
        requests.length = 0;
        const { counts } = await read(query);
        expect(requests).toHaveLength(counts.requests);
        expect(requests.reduce((sum, { length }) => sum + length, 0)).toBe(counts.bytes);
        expect(counts.bytes).toBeLessThanOrEqual(counts.neededBytes * 1.2);
      }
    }
  });

  it("[C3][P6] a frequent name costs at most 1.2 times its share of the columns, and the footers", async () => {
    const footers = files.reduce((sum, { footerBytes }) => sum + footerBytes, 0);
    const whole = await read({ ...all, fields: ["value"] });
    for (const name of NAMES.slice(0, 6)) {
      const { counts } = await read({ ...all, name, fields: ["value"] });
      const share = wanted({ ...all, name, fields: [] }).length / events.length;
      expect(counts.bytes - footers).toBeLessThanOrEqual((whole.counts.bytes - footers) * share * 1.2);
    }
  });

  it("[C3] a part of the hour reads only the groups that hold it", async () => {
    const { counts } = await read({
      name: "page_view",
      fromMs: HOUR,
      toMs: HOUR + 60_000,
      fields: ["value"],
    });
    const { counts: hour } = await read({ ...all, name: "page_view", fields: ["value"] });
    expect(counts.groups).toBeLessThan(hour.groups);
  });

  it("[C3] a file without the name is not even asked for its footer", async () => {
    expect((await read({ ...all, name: "nothing", fields: [] })).counts.requests).toBe(0);
  });

  it("[C3] a missing object is an error that names it", async () => {
    const gone = [{ path: "gone", bytes: 100, footerBytes: 50 }];
    const reading = readEvents(gone, { ...all, fields: [] }, bucket).next();
    await expect(reading).rejects.toThrow(ArchiveFileGoneError);
    await expect(reading).rejects.toThrow("gone is not in the archive's bucket");
  });

  it("[C3] joins neighbouring ranges only while little lies between them", () => {
    const ranges = [
      { start: 0, end: 100 },
      { start: 105, end: 200 },
      { start: 215, end: 300 },
      { start: 1_000, end: 1_100 },
    ];
    expect(joinRanges(ranges)).toEqual([
      { start: 0, end: 300 },
      { start: 1_000, end: 1_100 },
    ]);
    expect(joinRanges([])).toEqual([]);
  });
});
