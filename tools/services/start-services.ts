import { join } from "node:path";
import { hasDockerEngine, startByCompose } from "./compose.ts";
import { startKafka } from "./kafka.ts";
import { freePort, isPortFree } from "./processes.ts";
import { kafkaAndVictoriaMetrics, type Services, type ServicesOptions } from "./services-options.ts";
import { startVictoriaMetrics } from "./victoria-metrics.ts";

/**
 * Starts a real Kafka and a real VictoriaMetrics: by Docker Compose where an engine runs, else by Java and
 * Debian's package.
 *
 * @param dir the state folder.
 * @param ports fixed ones; by default the usual ones (9092, 8428) or, when taken, free ones.
 * @throws ServiceUnavailableError when this machine cannot have them.
 */
export async function startServices(
  dir: string,
  ports: { kafka?: number; tsdb?: number } = {},
): Promise<Services> {
  const options: ServicesOptions = {
    dir,
    kafkaPort: ports.kafka ?? (await preferPort(9092)),
    tsdbPort: ports.tsdb ?? (await preferPort(8428)),
  };
  return hasDockerEngine() ? startByCompose(options) : startByProcesses(options);
}

async function startByProcesses({ dir, kafkaPort, tsdbPort }: ServicesOptions): Promise<Services> {
  const tsdb = await startVictoriaMetrics({ dir: join(dir, "victoria-metrics"), port: tsdbPort });
  try {
    const kafka = await startKafka({ dir: join(dir, "kafka"), port: kafkaPort });
    return {
      by: "processes",
      settings: kafkaAndVictoriaMetrics(kafka.brokers, tsdb.url),
      ended: Promise.race([
        kafka.exited.then(() => `Kafka ended; its log is ${kafka.logFile}`),
        tsdb.exited.then(() => `VictoriaMetrics ended; its log is ${tsdb.logFile}`),
      ]),
      async stop() {
        await Promise.all([kafka.stop(), tsdb.stop()]);
      },
    };
  } catch (error) {
    await tsdb.stop();
    throw error;
  }
}

async function preferPort(port: number): Promise<number> {
  return (await isPortFree(port)) ? port : freePort();
}
