import type { Env } from "../env.ts";

const ASK_TIMEOUT_MS = 3_000;

/**
 * Asks a reader since when it has stood at the end of the log.
 *
 * @returns the partition and that time, epoch ms; -1 when it does not, or does not answer.
 */
export async function askReader(
  env: Env,
  partition: number,
): Promise<[partition: number, caughtUpMs: number]> {
  const reader = env.PARTITION_READER.getByName(String(partition));
  // A timer that is left running would keep the asking object awake.
  const timeout = new AbortController();
  const silence = scheduler.wait(ASK_TIMEOUT_MS, { signal: timeout.signal }).then(() => -1);
  try {
    return [partition, await Promise.race([reader.caughtUp(), silence])];
  } catch {
    return [partition, -1];
  } finally {
    timeout.abort();
    silence.catch(() => undefined);
  }
}
