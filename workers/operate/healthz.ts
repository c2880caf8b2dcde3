import type { Context } from "hono";
import { settingsOf } from "../../durable-objects/env.ts";
import type { App } from "../authorize.ts";
import { kickAll } from "./kick.ts";

/** `GET /healthz`: 200 when events can come in and go through, else 503 with a sentence that says what is wrong. */
export async function getHealthz(c: Context<App>): Promise<Response> {
  try {
    const settings = settingsOf(c.env);
    const readers = await kickAll(c.env);
    const fault = readers.find((reader) => reader.lastError !== "")?.lastError;
    if (fault !== undefined) return c.json({ status: "unavailable", message: fault }, 503);
    const lag = readers.reduce(
      (sum, { endOffset, nextOffset }) => sum + Math.max(0, endOffset - nextOffset),
      0,
    );
    return c.json({
      status: "ok",
      log: settings.kafka ? "kafka" : "embedded",
      partitions: settings.partitions,
      lag,
    });
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return c.json({ status: "unavailable", message }, 503);
  }
}
