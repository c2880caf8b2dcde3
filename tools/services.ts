// npm run services: a real Kafka and a real VictoriaMetrics in the foreground, until Ctrl-C.
import { resolve } from "node:path";
import { ServiceUnavailableError } from "./services/processes.ts";
import { startServices } from "./services/start-services.ts";
import type { Services } from "./services/services-options.ts";

const interrupted = new Promise<undefined>((settle) => {
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => settle(undefined));
});

try {
  process.exitCode = await run(resolve(process.env["FRESHET_STATE"] ?? ".freshet"));
} catch (error) {
  const message = error instanceof Error ? error.message : String(error);
  process.stderr.write(`${message}\n`);
  process.exitCode = error instanceof ServiceUnavailableError ? 3 : 1;
}

async function run(state: string): Promise<number> {
  process.stdout.write(`Starting Kafka and VictoriaMetrics, their state in ${state} …\n`);
  const starting = startServices(state, ports());
  const services = await Promise.race([starting, interrupted]);
  if (services === undefined) {
    await stopWhenStarted(starting);
    return 130;
  }
  process.stdout.write(announcement(services));
  const ended = await Promise.race([services.ended, interrupted]);
  process.stdout.write(ended === undefined ? "Stopping …\n" : `${ended}\n`);
  await services.stop();
  return ended === undefined ? 0 : 1;
}

function ports(): { kafka?: number; tsdb?: number } {
  const { KAFKA_PORT: kafka, TSDB_PORT: tsdb } = process.env;
  return { ...(kafka ? { kafka: Number(kafka) } : {}), ...(tsdb ? { tsdb: Number(tsdb) } : {}) };
}

async function stopWhenStarted(starting: Promise<Services>): Promise<void> {
  process.stdout.write("Stopping …\n");
  await starting.then(
    (services) => services.stop(),
    () => {},
  );
}

function announcement({ by, settings }: Services): string {
  const lines = Object.entries(settings).map(([name, value]) => `  ${name}=${value}`);
  return `Ready (by ${by}). The settings to use:\n${lines.join("\n")}\nCtrl-C stops both.\n`;
}
