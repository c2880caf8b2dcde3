// What a stopped server has left in its state folder: the archive's objects, and the archivers' catalogues.
import { globSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { DuckDBInstance } from "@duckdb/node-api";
import { getPlatformProxy } from "wrangler";

/** The little that is needed here of R2. */
interface ObjectBucket {
  list(options: {
    cursor?: string;
  }): Promise<{ objects: { key: string }[]; truncated: boolean; cursor?: string }>;
  get(key: string): Promise<{ arrayBuffer(): Promise<ArrayBuffer> } | null>;
}

/** Copies every object of the archive into `folder`, under its name. Returns the names. */
export async function copyArchive(objects: string, folder: string): Promise<string[]> {
  const configPath = join(folder, "wrangler.json");
  mkdirSync(folder, { recursive: true });
  const bucketConfig = { binding: "ARCHIVE", bucket_name: "freshet-archive" };
  writeFileSync(
    configPath,
    JSON.stringify({ name: "copy", compatibility_date: "2026-10-20", r2_buckets: [bucketConfig] }),
  );
  const proxy = await getPlatformProxy<{ ARCHIVE: ObjectBucket }>({
    configPath,
    persist: { path: join(objects, "v3") },
  });
  try {
    const bucket = proxy.env.ARCHIVE;
    const names: string[] = [];
    for (let cursor: string | undefined; ;) {
      const page = await bucket.list(cursor === undefined ? {} : { cursor });
      for (const { key } of page.objects) {
        const body = await (await bucket.get(key))?.arrayBuffer();
        mkdirSync(dirname(join(folder, key)), { recursive: true });
        writeFileSync(join(folder, key), Buffer.from(body ?? new ArrayBuffer()));
        names.push(key);
      }
      if (!page.truncated) return names;
      cursor = page.cursor;
    }
  } finally {
    await proxy.dispose();
  }
}

/** Rows of a table of every archiver's database. */
export function archiverRows(objects: string, sql: string): Record<string, unknown>[][] {
  const paths = globSync(join(objects, "v3/do/*Archiver/*.sqlite")).filter(
    (path) => !path.endsWith("metadata.sqlite"),
  );
  return paths.map((path) => {
    const database = new DatabaseSync(path);
    try {
      return database.prepare(sql).all();
    } finally {
      database.close();
    }
  });
}

/** Asks DuckDB. */
export async function duckdb(sql: string): Promise<Record<string, unknown>[]> {
  const instance = await DuckDBInstance.create();
  const connection = await instance.connect();
  try {
    return (await connection.runAndReadAll(sql)).getRowObjectsJson();
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}
