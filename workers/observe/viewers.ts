import type { LogViewer } from "../../durable-objects/log-viewer.ts";
import { type Env, settingsOf } from "../../durable-objects/env.ts";
import type { LogSample } from "../../protocol/observe.ts";
import { unavailable } from "../http-error.ts";

const RETRY_AFTER_MS = 2_000;
const LEAST_BYTES = 64 * 1024;

/** What each partition gets of `bytes` to read. */
export function bytesOfEach(env: Env, bytes: number): number {
  return Math.max(LEAST_BYTES, Math.floor(bytes / settingsOf(env).partitions));
}

/**
 * Asks the viewer of every partition, or one of them.
 *
 * @returns what their JSON holds, in the order of the partitions.
 * @throws HttpError 503 when the log cannot be read.
 */
export async function askViewers<T>(
  env: Env,
  ask: (viewer: DurableObjectStub<LogViewer>, partition: number) => Promise<string | null>,
  only?: number,
): Promise<T[]> {
  const { partitions } = settingsOf(env);
  const asked = only === undefined ? Array.from({ length: partitions }, (_, p) => p) : [only];
  try {
    const answers = await Promise.all(
      asked.map((partition) => ask(env.LOG_VIEWER.getByName(String(partition)), partition)),
    );
    return answers.map((answer) => JSON.parse(answer ?? "null") as T);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw unavailable(`the event log cannot be read: ${why}`, RETRY_AFTER_MS);
  }
}

/** Several samples as one. */
export function sumSamples(samples: readonly LogSample[]): LogSample {
  const times = samples.flatMap(({ fromMs, toMs }) => [fromMs, toMs]).filter((ms) => ms !== null);
  const sum = (count: (sample: LogSample) => number): number =>
    samples.reduce((total, sample) => total + count(sample), 0);
  return {
    records: sum(({ records }) => records),
    events: sum(({ events }) => events),
    fromMs: times.length === 0 ? null : Math.min(...times),
    toMs: times.length === 0 ? null : Math.max(...times),
    skippedRecords: sum(({ skippedRecords }) => skippedRecords),
  };
}
