import type { Context } from "hono";
import { settingsOf } from "../../durable-objects/env.ts";
import type { App } from "../authorize.ts";
import type { ArchiverStats } from "../../durable-objects/archiver.ts";
import type { ReaderStats } from "../../durable-objects/partition-reader.ts";
import { kickAll } from "./kick.ts";

/** `GET /healthz`: 200 when events can come in and go through, else 503 with a sentence that says what is wrong. */
export async function getHealthz(c: Context<App>): Promise<Response> {
  try {
    const settings = settingsOf(c.env);
    const { readers, archivers } = await kickAll(c.env);
    const fault = readers.find((reader) => reader.lastError !== "")?.lastError;
    if (fault !== undefined) return c.json({ status: "unavailable", message: fault }, 503);
    return c.json({
      status: "ok",
      log: settings.kafka ? "kafka" : "embedded",
      partitions: settings.partitions,
      lag: sumOf(readers, ({ endOffset, nextOffset }) => Math.max(0, endOffset - nextOffset)),
      ...archiveHealth(readers, archivers),
    });
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return c.json({ status: "unavailable", message }, 503);
  }
}

/** An archive that lags or fails is told of, but events come in and go through all the same. */
function archiveHealth(readers: readonly ReaderStats[], archivers: readonly ArchiverStats[]): object {
  if (archivers.length === 0) return { archive: "none" };
  const fault = archivers.find(({ lastError }) => lastError !== "")?.lastError;
  const archiveLag = sumOf(archivers, ({ partition, nextOffset }) => {
    return Math.max(0, (readers[partition]?.endOffset ?? 0) - nextOffset);
  });
  return fault === undefined
    ? { archive: "r2", archiveLag }
    : { archive: "failing", archiveLag, archiveMessage: fault };
}

function sumOf<T>(items: readonly T[], value: (item: T) => number): number {
  return items.reduce((sum, item) => sum + value(item), 0);
}
