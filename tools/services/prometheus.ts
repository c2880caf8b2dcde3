import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { unpackDebianPackage } from "./debian.ts";
import { commandPath, freePort, type RestartableProcess, runCommand, startRestartable } from "./processes.ts";

export interface Prometheus extends RestartableProcess {
  /** Base URL, without a slash at its end. */
  url: string;
  /** For `TSDB_WRITE_URL`. */
  writeUrl: string;
}

/**
 * Starts Prometheus on 127.0.0.1 with its remote write receiver, and waits until it is ready.
 *
 * @param options.dir data and log; gone on with when it was used before.
 * @throws ServiceUnavailableError when this machine cannot have one.
 */
export async function startPrometheus(options: { dir: string; args?: string[] }): Promise<Prometheus> {
  const command = await executable("prometheus");
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  mkdirSync(options.dir, { recursive: true });
  const config = join(options.dir, "prometheus.yml");
  writeFileSync(config, "global: {}\n");
  const database = await startRestartable({
    name: "Prometheus",
    command,
    args: [
      `--config.file=${config}`,
      `--storage.tsdb.path=${join(options.dir, "data")}`,
      `--web.listen-address=127.0.0.1:${port}`,
      "--web.enable-remote-write-receiver",
      ...(options.args ?? []),
    ],
    logFile: join(options.dir, "prometheus.log"),
    isReady: () => isReady(url),
  });
  return Object.assign(database, { url, writeUrl: `${url}/api/v1/write` });
}

/** Runs `promtool`. @returns what it printed. @throws Error with what it printed when it fails. */
export async function promtool(...args: string[]): Promise<string> {
  return runCommand(await executable("promtool"), args);
}

async function executable(name: "prometheus" | "promtool"): Promise<string> {
  const installed = commandPath(name);
  if (installed !== undefined) return installed;
  const unpacked = join(await unpackDebianPackage("prometheus"), "usr/bin", name);
  if (!existsSync(unpacked)) throw new Error(`Debian's prometheus has no ${unpacked}`);
  return unpacked;
}

async function isReady(url: string): Promise<boolean> {
  try {
    return (await fetch(`${url}/-/ready`, { signal: AbortSignal.timeout(2_000) })).ok;
  } catch {
    return false;
  }
}
