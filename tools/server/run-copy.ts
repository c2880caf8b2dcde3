import { randomBytes } from "node:crypto";
import { join, relative } from "node:path";
import { seedDemo } from "../demo/seed.ts";
import { startDemoTraffic } from "../demo/traffic.ts";
import { isPortFree } from "../services/processes.ts";
import type { Services } from "../services/services-options.ts";
import { startServices } from "../services/start-services.ts";
import { waitForPoints } from "./events-flow.ts";
import type { StartOptions } from "./options.ts";
import { buildSite } from "./site.ts";
import { holdStateFolder, type StateFolder, writeEnvFile } from "./state-folder.ts";
import { portInUse, StartError, Supervisor } from "./supervisor.ts";

const FLOW_TIMEOUT_MS = 60_000;

type Say = (line: string) => void;

/**
 * Runs one copy of Freshet: services when asked for, server, demo; from here to `signal`, or to an end it cannot cure.
 *
 * @throws StartError with a sentence for the user, after everything that was started has been stopped.
 */
export async function runCopy(options: StartOptions, signal: AbortSignal, say: Say): Promise<void> {
  const startMs = Date.now();
  const address = `http://localhost:${options.port}`;
  if (!(await isPortFree(options.port))) throw new StartError(portInUse(options.port));
  const folder = holdStateFolder(options.stateDir, address);
  const parts = new Parts();
  parts.add(() => folder.release());
  try {
    const running = await startParts(options, folder, parts, signal, say);
    if (!running || signal.aborted) return;
    say(ready(address, startMs, options));
    await Promise.race([running.failed, aborted(signal)]);
  } finally {
    if (signal.aborted) say("Stopping …");
    await parts.stop();
  }
}

/** Starts everything, in order. @returns what rejects when something ends for good; undefined when stopped meanwhile. */
async function startParts(
  options: StartOptions,
  folder: StateFolder,
  parts: Parts,
  signal: AbortSignal,
  say: Say,
): Promise<{ failed: Promise<never> } | undefined> {
  const { port, settings } = options;
  const rootKey = settings["ROOT_KEY"] ?? randomBytes(24).toString("base64url");
  const services = options.services ? await startTheServices(options, parts, signal, say) : undefined;
  if (signal.aborted) return undefined;
  const built = buildSite(say);
  built.catch(() => {});
  writeEnvFile(folder.envFile, {
    PUBLIC_READ_KEY: "demo-read",
    ...settings,
    ...services?.settings,
    ROOT_KEY: rootKey,
  });
  parts.add(() => folder.forgetSettings());
  await built;
  if (signal.aborted) return undefined;
  const server = new Supervisor({
    port,
    persistTo: folder.objects,
    envFile: folder.envFile,
    logFile: folder.serverLog,
    say,
  });
  parts.add(() => server.stop());
  say(`Starting the server on port ${port} …`);
  await Promise.race([server.start(), aborted(signal)]);
  if (signal.aborted) return undefined;
  await startDemo(server.url, rootKey, options, parts, signal, say);
  return { failed: services ? Promise.race([server.failed, rejectOnEnd(services)]) : server.failed };
}

async function startTheServices(
  { stateDir }: StartOptions,
  parts: Parts,
  signal: AbortSignal,
  say: Say,
): Promise<Services | undefined> {
  say("Starting Apache Kafka and VictoriaMetrics; the first time they are downloaded …");
  const starting = startServices(stateDir);
  // Also when Ctrl-C comes meanwhile: they are stopped once they have started.
  parts.add(async () => (await starting.catch(() => undefined))?.stop());
  const services = await Promise.race([starting, aborted(signal)]);
  for (const [name, value] of Object.entries(services?.settings ?? {})) say(`  ${name}=${value}`);
  return services;
}

async function startDemo(
  url: string,
  rootKey: string,
  options: StartOptions,
  parts: Parts,
  signal: AbortSignal,
  say: Say,
): Promise<void> {
  say(`Setting up the demo project${options.demo ? " and its traffic" : ""} …`);
  const sinceMs = Date.now();
  await seedDemo({ url, rootKey, signal }).catch((error: unknown) => {
    if (!signal.aborted) throw error;
  });
  if (!options.demo || signal.aborted) return;
  const traffic = new AbortController();
  const sending = startDemoTraffic({
    url,
    writeKey: "demo-write",
    signal: traffic.signal,
    onProblem: (message) => signal.aborted || say(`Demo traffic: ${message}`),
  });
  parts.add(async () => {
    traffic.abort();
    await sending;
  });
  const flows = await Promise.race([
    waitForPoints(url, "demo-read", sinceMs, FLOW_TIMEOUT_MS),
    sending.then(() => false),
    aborted(signal),
  ]);
  if (flows === false) {
    throw new StartError(
      `events went in, but no chart moved within ${FLOW_TIMEOUT_MS / 1000} s; see ${join(options.stateDir, "server.log")}`,
    );
  }
}

function ready(address: string, startMs: number, { stateDir, demo }: StartOptions): string {
  const seconds = ((Date.now() - startMs) / 1000).toFixed(1);
  const folder = relative(process.cwd(), stateDir) || ".";
  const event = `{"name":"ad_click","props":{"campaign":"mine"}}`;
  return [
    "",
    `Ready: ${address}`,
    `  ${demo ? "The dashboards move: Servers shows this machine, Ads and Game a traffic generator." : "No traffic is generated (--no-demo)."}`,
    "  Send an event of your own, and ask for what it changed:",
    `    curl ${address}/v1/events -H 'authorization: Bearer demo-write' -d '${event}'`,
    `    curl '${address}/v1/query?metric=ad_clicks&from=now-1m&key=demo-read'`,
    `  Up after ${seconds} s; state and log are in ${folder.startsWith("..") ? stateDir : folder}. Ctrl-C stops everything.`,
    "",
  ].join("\n");
}

/** What was started, stopped in the opposite order: those who send before those who receive. */
class Parts {
  readonly #stops: (() => void | Promise<void>)[] = [];

  add(stop: () => void | Promise<void>): void {
    this.#stops.push(stop);
  }

  async stop(): Promise<void> {
    for (const stop of this.#stops.reverse()) {
      try {
        await stop();
      } catch {
        // The others must be stopped all the same.
      }
    }
  }
}

function aborted(signal: AbortSignal): Promise<undefined> {
  return new Promise((settle) => {
    if (signal.aborted) settle(undefined);
    signal.addEventListener("abort", () => settle(undefined), { once: true });
  });
}

async function rejectOnEnd(services: Services): Promise<never> {
  throw new StartError(await services.ended);
}
