import type { ReaderStats } from "../../durable-objects/partition-reader.ts";
import { catalogOf, type Env, settingsOf } from "../../durable-objects/env.ts";

/** Makes sure that every reader reads, and every window object closes what waits only for the clock. */
export async function kickAll(env: Env): Promise<ReaderStats[]> {
  const { partitions } = settingsOf(env);
  const readers = await Promise.all(
    Array.from({ length: partitions }, (_, p) => env.PARTITION_READER.getByName(String(p)).kick()),
  );
  const projects = await catalogOf(env).projects();
  await Promise.all(projects.map((project) => env.METRIC_WINDOW.getByName(project).wake()));
  return readers;
}
