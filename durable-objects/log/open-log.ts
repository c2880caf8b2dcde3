import { type Env, settingsOf } from "../env.ts";
import { embeddedAppender, embeddedSource } from "./embedded.ts";
import type { LogAppender, LogSource } from "./event-log.ts";
import { createKafkaAppender, createKafkaSource } from "./kafka.ts";

/** The writing end of the log that the settings name. */
export function openAppender(env: Env): LogAppender {
  const { kafka, partitions } = settingsOf(env);
  if (kafka) return createKafkaAppender(kafka, partitions);
  return embeddedAppender((partition) => env.LOG_PARTITION.getByName(String(partition)));
}

/** Who reads a partition, each with a cursor of its own; a viewer has none and never commits. */
export type LogReader = "reader" | "archiver" | "viewer";

/** The reading end of one partition of the log that the settings name. */
export function openSource(env: Env, partition: number, reader: LogReader = "reader"): LogSource {
  const { kafka, partitions } = settingsOf(env);
  if (kafka) return createKafkaSource(kafka, partitions, partition, `freshet-${reader}`);
  return embeddedSource((p) => env.LOG_PARTITION.getByName(String(p)), partition, reader);
}
