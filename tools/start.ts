// npm start: the whole of Freshet on this machine, with a demo that moves.
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { seedDemo } from "./demo/seed.ts";
import { startDemoTraffic } from "./demo/traffic.ts";
import { waitForPoints } from "./server/events-flow.ts";
import { HELP, parseStartOptions, type StartOptions } from "./server/options.ts";
import { buildSite } from "./server/site.ts";
import { holdStateFolder, writeEnvFile } from "./server/state-folder.ts";
import { portInUse, StartError, Supervisor } from "./server/supervisor.ts";
import { isPortFree, ServiceUnavailableError } from "./services/processes.ts";
import { startServices } from "./services/start-services.ts";

const FLOW_TIMEOUT_MS = 20_000;
const DEMO_READ_KEY = "demo-read";
const DEMO_WRITE_KEY = "demo-write";

const interrupted = new AbortController();
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => interrupted.abort());

const startedMs = Date.now();
const options = parseStartOptions(process.argv.slice(2), process.env, process.cwd());
if (!options.ok) {
  process.stderr.write(`${options.message}\n`);
  process.exit(1);
}
if (options.value === "help") {
  process.stdout.write(HELP);
  process.exit(0);
}

try {
  await run(options.value);
} catch (error) {
  const known = error instanceof StartError || error instanceof ServiceUnavailableError;
  process.stderr.write(`${known ? error.message : String(error instanceof Error ? error.stack : error)}\n`);
  process.exitCode = 1;
}
// Sockets that are being given up would keep the process for their time-outs.
process.exit();

/** Runs until Ctrl-C, or until the server dies for good. What was started is stopped in reverse order. */
async function run(start: StartOptions): Promise<void> {
  const url = `http://localhost:${start.port}`;
  if (!(await isPortFree(start.port))) throw new StartError(portInUse(start.port));
  const folder = holdStateFolder(start.stateDir, url);
  const undo: (() => Promise<void> | void)[] = [() => folder.release()];
  try {
    await buildSite(say);
    const settings = { ...start.settings };
    if (start.services && !interrupted.signal.aborted) {
      say("Starting Apache Kafka and VictoriaMetrics (the first time fetches them) …");
      const services = await startServices(start.stateDir);
      undo.push(() => services.stop());
      Object.assign(settings, services.settings);
    }
    const rootKey = settings["ROOT_KEY"] ?? randomBytes(24).toString("base64url");
    writeEnvFile(folder.envFile, { PUBLIC_READ_KEY: DEMO_READ_KEY, ...settings, ROOT_KEY: rootKey });
    if (interrupted.signal.aborted) return;
    say("Starting the server (wrangler dev) …");
    const server = new Supervisor({
      port: start.port,
      persistTo: folder.objects,
      envFile: folder.envFile,
      logFile: folder.serverLog,
      say,
    });
    undo.push(() => server.stop());
    await untilInterrupted(server.start());
    await untilInterrupted(serve(server, start, url, rootKey, undo));
  } finally {
    if (interrupted.signal.aborted) say("Stopping …");
    for (const step of undo.reverse()) await step();
  }
}

async function serve(
  server: Supervisor,
  start: StartOptions,
  url: string,
  rootKey: string,
  undo: (() => Promise<void> | void)[],
): Promise<void> {
  const { signal } = interrupted;
  say("Seeding the demo project …");
  await seedDemo({ url: server.url, rootKey, writeKey: DEMO_WRITE_KEY, readKey: DEMO_READ_KEY, signal });
  if (start.demo) {
    const sinceMs = Date.now();
    const traffic = startDemoTraffic({ url: server.url, writeKey: DEMO_WRITE_KEY, signal });
    undo.push(() => traffic);
    if (!(await waitForPoints(server.url, DEMO_READ_KEY, sinceMs, FLOW_TIMEOUT_MS))) {
      throw new StartError(
        `No event came through within ${FLOW_TIMEOUT_MS / 1_000} s: see ${join(start.stateDir, "server.log")}`,
      );
    }
  }
  process.stdout.write(welcome(url));
  await server.failed;
}

function welcome(url: string): string {
  const seconds = ((Date.now() - startedMs) / 1_000).toFixed(1);
  return [
    `Ready: ${url}  (after ${seconds} s; Ctrl-C stops everything)`,
    `  curl ${url}/v1/events -H 'authorization: Bearer demo-write' -d '{"name":"ad_click","props":{"campaign":"mine"}}'`,
    `  curl '${url}/v1/query?metric=ad_clicks&key=demo-read'`,
    "",
  ].join("\n");
}

/** Gives up waiting on Ctrl-C. */
async function untilInterrupted(work: Promise<void>): Promise<void> {
  const { signal } = interrupted;
  const interruption = new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
  await Promise.race([work, interruption]);
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
