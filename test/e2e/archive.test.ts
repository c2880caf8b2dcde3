import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parseArchivePath } from "../../durable-objects/archive/archive-path.ts";
import { archiverRows, copyArchive, duckdb } from "../helpers/archive-objects.ts";
import { Freshet } from "../helpers/freshet.ts";
import { startKafka } from "../../tools/services/kafka.ts";
import { ServiceUnavailableError } from "../../tools/services/processes.ts";

const BATCHES = 400;
const CONNECTIONS = 8;
const KILLS = 3;
const HOUR = 3_600_000;

const dir = mkdtempSync(join(tmpdir(), "freshet-archive-"));
const kafka = await startKafka({ dir: join(dir, "kafka") }).catch((error: unknown) => {
  if (error instanceof ServiceUnavailableError) return error;
  throw error;
});
afterAll(async () => {
  if (!(kafka instanceof Error)) await kafka.kill();
  rmSync(dir, { recursive: true, force: true });
});

interface Sent {
  id: string;
  name: string;
  ts: number;
  user: string | null;
  value: number | null;
  props: Record<string, string | number> | null;
}

/** Events of now, of an hour ago and of last week, of several names, some without this or that. */
function makeEvent(batch: number, i: number, nowMs: number): Sent {
  const n = batch * 1_000 + i;
  const agoMs = n % 50 === 0 ? 7 * 24 * HOUR : n % 20 === 0 ? HOUR : n % 2_000;
  return {
    id: `${batch}-${i}`,
    name: ["click", "view", "purchase"][n % 3] ?? "",
    ts: nowMs - agoMs,
    user: n % 4 === 0 ? null : `u${n % 100}`,
    value: n % 5 === 0 ? null : n / 8,
    props: n % 7 === 0 ? null : { page: `/ü/"${n}"`, n },
  };
}

/** Sends batches of odd sizes, each tenth of them twice, and retries what is not acknowledged. */
async function sendAll(freshet: Freshet): Promise<Sent[]> {
  const sent: Sent[] = [];
  let next = 0;
  const send = async () => {
    while (next < BATCHES) {
      const batch = next++;
      const nowMs = Date.now();
      const events = Array.from({ length: 1 + ((batch * 7_919) % 199) }, (_, i) =>
        makeEvent(batch, i, nowMs),
      );
      const body = events.map((event) => JSON.stringify(event)).join("\n");
      for (let copy = 0; copy < (batch % 10 === 0 ? 2 : 1); copy++) {
        const { accepted } = await freshet.post(`batch-${batch}`, body);
        expect(accepted).toBe(events.length);
      }
      sent.push(...events);
      await sleep(200);
    }
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, send));
  return sent;
}

async function untilArchived(freshet: Freshet): Promise<void> {
  for (const deadlineMs = Date.now() + 60_000; Date.now() < deadlineMs; await sleep(500)) {
    const response = await freshet.fetch("/healthz").catch(() => undefined);
    const health = (await response?.json()) as
      | { archive?: string; archiveLag?: number; lag?: number }
      | undefined;
    if (health?.archive === "r2" && health.lag === 0 && health.archiveLag === 0) return;
  }
  throw new Error("not archived within a minute");
}

describe.each(["embedded", "kafka"] as const)(
  "[C2] the %s log's archive, of a server that is killed again and again",
  (log) => {
    if (log === "kafka" && kafka instanceof Error) {
      it("[O2] is tested, or its absence said", () => {
        console.log(`SKIPPED: the archive over Kafka: ${kafka.message}`);
        expect(process.env["REQUIRE_SERVICES"]).not.toBe("1");
      });
      return;
    }
    const folder = join(dir, log);
    let sent: Sent[] = [];
    let paths: string[] = [];
    let ranges: Record<string, unknown>[][] = [];
    let files: Record<string, unknown>[][] = [];

    beforeAll(async () => {
      const state = join(folder, "state");
      const kafkaEnv = log === "kafka" && !(kafka instanceof Error) ? { KAFKA_BROKERS: kafka.brokers } : {};
      const freshet = await Freshet.start({ state, env: { ARCHIVE_EVERY_MS: "1000", ...kafkaEnv } });
      try {
        const sending = sendAll(freshet);
        for (let kill = 0; kill < KILLS; kill++) {
          await sleep(5_000);
          freshet.killWorkerd();
        }
        sent = await sending;
        await untilArchived(freshet);
      } finally {
        await freshet.stop();
      }
      const objects = join(state, "objects");
      ranges = archiverRows(objects, "SELECT * FROM ranges");
      files = archiverRows(objects, "SELECT * FROM files");
      paths = await copyArchive(objects, join(folder, "archive"));
      writeFileSync(join(folder, "sent.ndjson"), sent.map((event) => JSON.stringify(event)).join("\n"));
    });

    it("[C2] DuckDB finds every accepted event once, just as it was sent", async () => {
      const columns =
        "{id: 'VARCHAR', name: 'VARCHAR', ts: 'BIGINT', \"user\": 'VARCHAR', value: 'DOUBLE', props: 'JSON'}";
      const sides = `
      WITH sent AS (SELECT id, name, ts, "user", value, props::VARCHAR props
                    FROM read_json('${folder}/sent.ndjson', columns = ${columns})),
      archived AS (SELECT id, name, epoch_ms(ts) ts, "user", value, props::VARCHAR props
                   FROM read_parquet('${folder}/archive/events/**/*.parquet', hive_partitioning = true))`;
      const [counts] = await duckdb(
        `${sides} SELECT (SELECT count(*) FROM archived)::INT n, (SELECT count(DISTINCT id) FROM archived)::INT ids`,
      );
      expect(counts).toEqual({ n: sent.length, ids: sent.length });
      expect(await duckdb(`${sides} (FROM sent EXCEPT ALL FROM archived)`)).toEqual([]);
      expect(await duckdb(`${sides} (FROM archived EXCEPT ALL FROM sent)`)).toEqual([]);
    });

    it("[C1] every event lies in the folder of its project, date and hour", async () => {
      const [wrong] = await duckdb(`
      SELECT count(*)::INT n FROM read_parquet('${folder}/archive/events/**/*.parquet', hive_partitioning = true)
      WHERE project <> 'demo' OR date <> ts::DATE OR hour::INT <> hour(ts)`);
      expect(wrong).toEqual({ n: 0 });
    });

    it("[C2] the ranges have no gap, the catalogue names just the objects that there are", async () => {
      expect(ranges.length).toBeGreaterThan(0);
      for (const range of ranges) expect(range).toMatchObject([{ from_offset: 0 }]);
      expect(ranges.flat().reduce((sum, { cuts }) => sum + Number(cuts), 0)).toBeGreaterThan(KILLS);
      expect(ranges.flat().reduce((sum, { rows }) => sum + Number(rows), 0)).toBe(sent.length);
      const named = files
        .flat()
        .map(
          (file) => `${String(file["hour_ms"])} ${String(file["from_offset"])} ${String(file["to_offset"])}`,
        );
      const found = paths.map((path) => {
        const { hourMs, from, to } = parseArchivePath(path) ?? { hourMs: 0, from: 0, to: 0 };
        return `${hourMs} ${from} ${to}`;
      });
      expect(found.sort()).toEqual(named.sort());
    });
  },
);
