import { DuckDBInstance } from "@duckdb/node-api";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { makeBodies } from "../../bench/helpers/events.ts";
import type { Event } from "../../protocol/event.ts";
import { encodeEvents } from "./event-file.ts";
import { EventRows } from "./event-rows.ts";
import { readRows } from "./read-rows.ts";

const dir = mkdtempSync(join(tmpdir(), "freshet-parquet-"));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

async function duck(body: Uint8Array, sql: string): Promise<Record<string, unknown>[]> {
  const path = join(dir, "f.parquet");
  writeFileSync(path, body);
  const connection = await (await DuckDBInstance.create()).connect();
  const reader = await connection.runAndReadAll(sql.replace("FILE", `'${path}'`));
  return reader.getRowObjectsJson();
}

const HOSTILE = ['"', "\\", "\n", "𝒳", "\u0000", "' ; --", "é", "x".repeat(1024)];
const event = fc.record(
  {
    name: fc.constantFrom("click", "view", "ünïcode 𝒳", "a".repeat(128)),
    ts: fc.integer({ min: 0, max: 253_402_300_799_999 }),
    id: fc.constantFrom("1", ...HOSTILE),
    user: fc.constantFrom("u1", "u2", ...HOSTILE),
    value: fc.double({ noNaN: true, noDefaultInfinity: true }),
    props: fc.dictionary(
      fc.string({ minLength: 1, maxLength: 8 }).filter((key) => key !== "__proto__" && key.isWellFormed()),
      fc.oneof(fc.constantFrom<string | boolean | null>(null, true, ...HOSTILE), fc.integer()),
      { maxKeys: 5 },
    ),
  },
  { requiredKeys: ["name", "ts"] },
);

describe("[C1] files of events", () => {
  it("[C1] give back every event as it was put in, with its place in the log", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(event, { minLength: 1, maxLength: 60 }), async (events) => {
        const rows = new EventRows();
        events.forEach((e, i) => rows.add(e, Math.floor(i / 7), i % 7));
        const file = encodeEvents(rows);
        const back = new EventRows();
        await readRows(file.body.slice().buffer, back);
        expect(file.rows).toBe(events.length);
        const byPlace = back.batch.map((batch, row) => ({ at: batch * 7 + (back.line[row] ?? 0), row }));
        byPlace.sort((a, b) => a.at - b.at);
        for (const [i, { row }] of byPlace.entries()) {
          expect(back.name[row]).toBe(events[i]?.name);
          expect(back.ts[row]).toBe(events[i]?.ts);
          expect(back.id[row]).toBe(events[i]?.id ?? null);
          expect(back.user[row]).toBe(events[i]?.user ?? null);
          expect(back.value[row]).toBe(events[i]?.value ?? null);
          expect(back.props[row] ?? undefined).toBe(JSON.stringify(events[i]?.props));
        }
      }),
      { numRuns: 60 },
    );
  });

  it("[C1] are read by DuckDB with their types, props as JSON", async () => {
    const rows = new EventRows();
    rows.add({ name: "b", ts: 1_795_000_000_123, value: 1.5, props: { campaign: 'é"', n: 2 } }, 41, 0);
    rows.add({ name: "a", ts: 1_795_000_000_456, id: "i", user: "u" }, 42, 3);
    const { body } = encodeEvents(rows);
    const types = await duck(body, "DESCRIBE SELECT * FROM FILE");
    expect(Object.fromEntries(types.map((t) => [t["column_name"], t["column_type"]]))).toEqual({
      name: "VARCHAR",
      ts: "TIMESTAMP",
      value: "DOUBLE",
      user: "VARCHAR",
      props: "JSON",
      id: "VARCHAR",
      batch: "BIGINT",
      line: "INTEGER",
    });
    expect(
      await duck(
        body,
        "SELECT name, epoch_ms(ts) ms, value, \"user\", id, batch, line, props->>'campaign' c FROM FILE",
      ),
    ).toEqual([
      { name: "a", ms: "1795000000456", value: null, user: "u", id: "i", batch: "42", line: 3, c: null },
      { name: "b", ms: "1795000000123", value: 1.5, user: null, id: null, batch: "41", line: 0, c: 'é"' },
    ]);
  });

  it("[C1] are sorted by name and time, compressed by Zstandard, a frequent name in groups of its own", async () => {
    const rows = new EventRows();
    for (let i = 0; i < 25_000; i++) {
      rows.add(
        { name: i % 2 === 0 ? "often" : `seldom ${i % 50}`, ts: 1_795_000_000_000 + ((i * 7_919) % 9_973) },
        i,
        0,
      );
    }
    const { body, names, minTs, maxTs } = encodeEvents(rows);
    expect(names).toHaveLength(26);
    expect([minTs, maxTs]).toEqual([1_795_000_000_000, 1_795_000_009_972]);
    const groups = await duck(
      body,
      "SELECT row_group_num_rows::INT n, stats_min_value a, stats_max_value z, compression, encodings FROM parquet_metadata(FILE) WHERE path_in_schema = 'name' ORDER BY row_group_id",
    );
    expect(groups.map(({ n }) => n)).toEqual([6_250, 6_250, 10_000, 2_500]);
    expect(groups.map(({ a, z }) => a === z)).toEqual([true, true, false, false]);
    expect(new Set(groups.map(({ compression }) => compression))).toEqual(new Set(["ZSTD"]));
    const [order] = await duck(
      body,
      "SELECT count(*)::INT n FROM (SELECT name, ts, lag(name) OVER r ln, lag(ts) OVER r lt FROM (SELECT *, file_row_number rn FROM read_parquet(FILE, file_row_number = true)) WINDOW r AS (ORDER BY rn)) WHERE ln > name OR (ln = name AND lt > ts)",
    );
    expect(order).toEqual({ n: 0 });
  });

  it("[C1] gives back columns of many pages, too", async () => {
    const rows = new EventRows();
    for (let i = 0; i < 3_000; i++)
      rows.add({ name: "e", ts: 1_795_000_000_000, props: { i, t: `${i}`.repeat(250) } }, i, 0);
    const back = new EventRows();
    await readRows(encodeEvents(rows).body.slice().buffer, back);
    expect(back.props).toEqual(rows.props);
    expect(back.batch).toEqual(rows.batch);
    expect(back.textBytes).toBe(rows.textBytes);
  });

  it("[C1] are read by DuckDB where a page is more than one frame of Zstandard", async () => {
    const rows = new EventRows();
    const random = fc.sample(fc.string({ minLength: 200, maxLength: 200 }), { numRuns: 3_000, seed: 7 });
    for (const [i, user] of random.entries()) rows.add({ name: "e", ts: 1_795_000_000_000 + i, user }, i, 0);
    const { body } = encodeEvents(rows);
    const back = new EventRows();
    await readRows(body.slice().buffer, back);
    expect(back.user).toEqual(random);
    const [found] = await duck(
      body,
      'SELECT count(DISTINCT "user")::INT n, sum(length("user"))::INT l FROM FILE',
    );
    expect(found).toEqual({ n: new Set(random).size, l: 600_000 });
  });

  it("[P6] takes at most 30 bytes for an event of 170", () => {
    const rows = new EventRows();
    for (const [batch, { bytes }] of makeBodies(200, 100).entries()) {
      const events = JSON.parse(bytes.toString()) as Event[];
      for (const [line, sent] of events.entries())
        rows.add({ ...sent, ts: sent.ts + batch * 100 + line }, batch, line);
    }
    expect(encodeEvents(rows).body.length / rows.length).toBeLessThanOrEqual(30);
  });
});
