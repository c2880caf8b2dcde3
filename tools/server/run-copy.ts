import { randomBytes } from "node:crypto";
import { join, relative } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { seedDemo } from "../demo/seed.ts";
import { startDemoTraffic } from "../demo/traffic.ts";
import { isPortFree } from "../services/processes.ts";
import type { Services } from "../services/services-options.ts";
import { startServices } from "../services/start-services.ts";
import { waitForPoints } from "./events-flow.ts";
import { unwellAfter } from "./health.ts";
import type { StartOptions } from "./options.ts";
import { Parts } from "./parts.ts";
import { buildSite } from "./site.ts";
import { holdStateFolder, writeEnvFile } from "./state-folder.ts";
import { portInUse, StartError, Supervisor } from "./supervisor.ts";

const DEMO_READ_KEY = "demo-read";
const DEMO_WRITE_KEY = "demo-write";
const FLOW_TIMEOUT_MS = 60_000;
/** Readers have tried Kafka within it. */
const KAFKA_CALM_MS = 3_000;
const KAFKA_PATIENCE_MS = 20_000;
/** How long Ctrl-C waits for services that are just being fetched or started; at our exit their processes are killed. */
const SERVICES_STOP_MS = 10_000;

/**
 * Runs one copy of Freshet: services when asked for, server, demo; from here to `signal`, or to an end it cannot cure.
 *
 * @throws StartError with a sentence for the user, after everything that was started has been stopped.
 */
export async function runCopy(
  options: StartOptions,
  signal: AbortSignal,
  say: (line: string) => void,
): Promise<void> {
  await new Copy(options, signal, say).run();
}

class Copy {
  readonly #options: StartOptions;
  readonly #signal: AbortSignal;
  readonly #say: (line: string) => void;
  readonly #parts = new Parts();
  readonly #startMs = Date.now();
  readonly #aborted: Promise<undefined>;

  constructor(options: StartOptions, signal: AbortSignal, say: (line: string) => void) {
    this.#options = options;
    this.#signal = signal;
    this.#say = say;
    this.#aborted = new Promise((settle) => {
      if (signal.aborted) settle(undefined);
      signal.addEventListener("abort", () => settle(undefined), { once: true });
    });
  }

  async run(): Promise<void> {
    const { port } = this.#options;
    if (!(await isPortFree(port))) throw new StartError(portInUse(port));
    try {
      await this.#start();
    } finally {
      if (this.#signal.aborted) this.#say("Stopping …");
      await this.#parts.stop();
    }
  }

  async #start(): Promise<void> {
    const { settings } = this.#options;
    const rootKey = settings["ROOT_KEY"] ?? randomBytes(24).toString("base64url");
    const folder = holdStateFolder(this.#options.stateDir, this.#address());
    this.#parts.add(() => folder.release());
    await buildSite(this.#say);
    const services = this.#options.services ? await this.#startServices() : undefined;
    if (this.#signal.aborted) return;
    const used = { PUBLIC_READ_KEY: DEMO_READ_KEY, ...settings, ...services?.settings, ROOT_KEY: rootKey };
    this.#parts.add(() => folder.forgetSettings());
    writeEnvFile(folder.envFile, used);
    const server = new Supervisor({
      port: this.#options.port,
      persistTo: folder.objects,
      envFile: folder.envFile,
      logFile: folder.serverLog,
      say: this.#say,
    });
    this.#parts.add(() => server.stop());
    const failed = services ? Promise.race([server.failed, rejectOnEnd(services)]) : server.failed;
    await Promise.race([this.#serve(server, rootKey, "KAFKA_BROKERS" in used), failed, this.#aborted]);
    if (!this.#signal.aborted) await Promise.race([failed, this.#aborted]);
  }

  async #startServices(): Promise<Services | undefined> {
    this.#say("Starting Apache Kafka and VictoriaMetrics; the first time they are downloaded …");
    const starting = startServices(this.#options.stateDir);
    this.#parts.add(async () => {
      const started = await Promise.race([starting.catch(() => undefined), sleep(SERVICES_STOP_MS)]);
      await started?.stop();
    });
    const services = await Promise.race([starting, this.#aborted]);
    for (const [name, value] of Object.entries(services?.settings ?? {})) this.#say(`  ${name}=${value}`);
    return services;
  }

  async #serve(server: Supervisor, rootKey: string, onKafka: boolean): Promise<void> {
    const signal = this.#signal;
    this.#say(`Starting the server on port ${this.#options.port} …`);
    await server.start();
    if (onKafka) {
      const fault = await unwellAfter(server.url, KAFKA_CALM_MS, KAFKA_PATIENCE_MS, signal);
      if (fault !== undefined) throw new StartError(`the event log cannot be used: ${fault}`);
    }
    if (signal.aborted) return;
    this.#say(`Setting up the demo project${this.#options.demo ? " and its traffic" : ""} …`);
    const keys = { writeKey: DEMO_WRITE_KEY, readKey: DEMO_READ_KEY };
    await seedDemo({ url: server.url, rootKey, signal, ...keys });
    if (this.#options.demo) await this.#startTraffic(server.url);
    if (!signal.aborted) this.#say(this.#ready());
  }

  /** Starts the traffic and returns once it has moved a chart. */
  async #startTraffic(url: string): Promise<void> {
    const sinceMs = Date.now();
    const end = new AbortController();
    const onProblem = (message: string) => {
      if (!this.#signal.aborted) this.#say(`Demo traffic: ${message}`);
    };
    const sending = startDemoTraffic({ url, writeKey: DEMO_WRITE_KEY, signal: end.signal, onProblem });
    this.#parts.add(() => {
      end.abort();
      return sending;
    });
    const flows = await Promise.race([
      waitForPoints(url, DEMO_READ_KEY, sinceMs, FLOW_TIMEOUT_MS),
      sending.then(() => false),
      this.#aborted,
    ]);
    if (flows === false) {
      const log = join(this.#options.stateDir, "server.log");
      throw new StartError(
        `events went in, but no chart moved within ${FLOW_TIMEOUT_MS / 1000} s; see ${log}`,
      );
    }
  }

  #address(): string {
    return `http://localhost:${this.#options.port}`;
  }

  #ready(): string {
    const { stateDir, demo } = this.#options;
    const address = this.#address();
    const seconds = ((Date.now() - this.#startMs) / 1000).toFixed(1);
    const folder = relative(process.cwd(), stateDir) || ".";
    const moves = demo
      ? "The dashboards move: Servers shows this machine, Ads and Game a traffic generator."
      : "No traffic is generated (--no-demo).";
    return [
      "",
      `Ready: ${address}`,
      `  ${moves}`,
      "  Send an event of your own, and ask for what it changed:",
      `    curl ${address}/v1/events -H 'authorization: Bearer ${DEMO_WRITE_KEY}' -d '{"name":"ad_click","props":{"campaign":"mine"}}'`,
      `    curl '${address}/v1/query?metric=ad_clicks&from=now-1m&key=${DEMO_READ_KEY}'`,
      `  Up after ${seconds} s; state and log are in ${folder.startsWith("..") ? stateDir : folder}. Ctrl-C stops everything.`,
      "",
    ].join("\n");
  }
}

async function rejectOnEnd(services: Services): Promise<never> {
  throw new StartError(await services.ended);
}
