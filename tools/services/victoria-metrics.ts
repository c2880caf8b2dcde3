import { existsSync } from "node:fs";
import { join } from "node:path";
import { unpackDebianPackage } from "./debian.ts";
import { commandPath, freePort, type RestartableProcess, startRestartable } from "./processes.ts";

export interface VictoriaMetrics extends RestartableProcess {
  /** Base URL, without a slash at its end. */
  url: string;
  /** For `TSDB_WRITE_URL`. */
  writeUrl: string;
  /** For `TSDB_QUERY_URL`. */
  queryUrl: string;
}

/**
 * Starts VictoriaMetrics on 127.0.0.1 and waits until it is healthy.
 *
 * @param options.dir data and log; gone on with when it was used before.
 * @throws ServiceUnavailableError when this machine cannot have one.
 */
export async function startVictoriaMetrics(options: {
  dir: string;
  port?: number;
  args?: string[];
}): Promise<VictoriaMetrics> {
  const command = await executable();
  const port = options.port ?? (await freePort());
  const url = `http://127.0.0.1:${port}`;
  const database = await startRestartable({
    name: "VictoriaMetrics",
    command,
    args: [
      `-httpListenAddr=127.0.0.1:${port}`,
      `-storageDataPath=${join(options.dir, "data")}`,
      "-retentionPeriod=100y",
      "-memory.allowedBytes=256MB",
      // A request that is repeated holds samples that are there already: one of each counts.
      "-dedup.minScrapeInterval=1ms",
      ...(options.args ?? []),
    ],
    logFile: join(options.dir, "victoria-metrics.log"),
    isReady: () => isHealthy(url),
  });
  return Object.assign(database, { url, writeUrl: `${url}/api/v1/write`, queryUrl: url });
}

async function executable(): Promise<string> {
  const installed = commandPath("victoria-metrics") ?? commandPath("victoria-metrics-prod");
  if (installed !== undefined) return installed;
  const unpacked = join(await unpackDebianPackage("victoria-metrics"), "usr/bin/victoria-metrics");
  if (!existsSync(unpacked)) throw new Error(`Debian's victoria-metrics has no ${unpacked}`);
  return unpacked;
}

async function isHealthy(url: string): Promise<boolean> {
  try {
    return (await fetch(`${url}/health`, { signal: AbortSignal.timeout(2_000) })).ok;
  } catch {
    return false;
  }
}
