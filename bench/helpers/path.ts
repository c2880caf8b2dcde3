import { startKafka, type Kafka } from "../../tools/services/kafka.ts";
import { ServiceUnavailableError } from "../../tools/services/processes.ts";
import { copyFileSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { type Bundle, serverConfig } from "./bundle.ts";
import { createProject, ROOT_KEY } from "./project.ts";
import { type Server, startWorkerd } from "./workerd.ts";

export type LogName = "embedded" | "kafka";

/** A running Freshet with the project of the benchmarks. */
export interface Freshet extends Server {
  eventLog: LogName;
  broker: Kafka | undefined;
  close(): Promise<void>;
}

/**
 * Starts the whole of Freshet in plain workerd, over one of the logs.
 *
 * @param settings variables beside those of `wrangler.toml`.
 * @throws ServiceUnavailableError when this machine cannot have Kafka.
 */
export async function startFreshet(
  log: LogName,
  dir: string,
  bundle: Bundle,
  settings: Record<string, string> = {},
): Promise<Freshet> {
  mkdirSync(dir, { recursive: true });
  const broker = log === "kafka" ? await startKafka({ dir: join(dir, "kafka") }) : undefined;
  const vars = { ...settings, ROOT_KEY, ...(broker && { KAFKA_BROKERS: broker.brokers }) };
  // The configuration can embed what lies beside it only.
  copyFileSync(bundle.file, join(dir, "edge.js"));
  const server = await startWorkerd({ dir, config: (port) => serverConfig(dir, port, vars) });
  // Readers that follow Kafka begin at the cron trigger's call or at this one.
  await fetch(`${server.url}/healthz`);
  await createProject(server.url);
  const close = async (): Promise<void> => {
    await server.kill();
    await broker?.kill();
  };
  return Object.assign(server, { eventLog: log, broker, close });
}

/** {@link startFreshet}; where there can be no Kafka, one line says so and undefined is given back. */
export async function tryStartFreshet(
  log: LogName,
  dir: string,
  bundle: Bundle,
  settings: Record<string, string> = {},
): Promise<Freshet | undefined> {
  try {
    return await startFreshet(log, dir, bundle, settings);
  } catch (error) {
    if (!(error instanceof ServiceUnavailableError)) throw error;
    process.stdout.write(`SKIPPED ${log}: ${error.message}\n`);
    return undefined;
  }
}
