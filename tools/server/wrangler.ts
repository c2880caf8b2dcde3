import { type ChildProcess, spawn } from "node:child_process";
import { createWriteStream, mkdirSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { isSetting } from "./options.ts";
import { descendants } from "./process-tree.ts";

const ROOT = resolve(import.meta.dirname, "../..");
/** Miniflare writes it when a workerd died; it starts another one by itself. */
const CRASH = /Workers runtime crashed unexpectedly/;
const TAIL_LINES = 20;

export interface WranglerOptions {
  port: number;
  /** Folder of the objects' state. */
  persistTo: string;
  /** A dotenv file with the settings. */
  envFile: string;
  /** Gets everything that wrangler and the Worker write, appended. */
  logFile: string;
  /** Called when wrangler reports that a workerd died. */
  onCrash: () => void;
}

/** One life of `wrangler dev` and all that it starts. */
export interface Wrangler {
  pid: number;
  /** Settles when it has ended and nothing is left of its process group: how it ended. */
  ended: Promise<string>;
  hasEnded: () => boolean;
  /** The last lines that it wrote. */
  tail: () => string;
  /** The workerd that listens on the port and hands requests on, or undefined when it is gone. */
  proxyPid: () => number | undefined;
  /** SIGTERM, and SIGKILL for what is left after `graceMs`. */
  stop(graceMs: number): Promise<void>;
}

/** Starts `wrangler dev` in a process group of its own, so that Ctrl-C reaches only us and we stop things in order. */
export function startWrangler(options: WranglerOptions): Wrangler {
  const child = spawn(process.execPath, commandLine(options), {
    cwd: ROOT,
    env: { ...withoutSettings(process.env), ...quietEnvironment(dirname(options.persistTo)) },
    stdio: ["ignore", "pipe", "pipe", "ipc"],
    detached: true,
  });
  const pid = child.pid ?? 0;
  const tail = keepOutput(child, options);
  const ended = new Promise<string>((settle) => {
    child.once("error", (error) => settle(error.message));
    child.once("exit", (code, signal) => {
      killGroup(pid);
      settle(signal ? `killed by ${signal}` : `exit code ${code}`);
    });
  });
  return {
    pid,
    ended,
    hasEnded: () => child.exitCode !== null || child.signalCode !== null,
    tail: () => tail.join("\n"),
    proxyPid: () => findProxy(pid, options.port),
    async stop(graceMs) {
      child.kill("SIGTERM");
      const late = setTimeout(() => killGroup(pid), graceMs);
      await ended;
      clearTimeout(late);
    },
  };
}

function commandLine({ port, persistTo, envFile }: WranglerOptions): string[] {
  const flags: Record<string, string> = {
    config: join(ROOT, "wrangler.toml"),
    ip: "127.0.0.1",
    port: String(port),
    "inspector-port": "0",
    "persist-to": persistTo,
    "env-file": envFile,
    // At 'info' it writes a line for each request.
    "log-level": "warn",
    "show-interactive-dev-session": "false",
  };
  return [
    "--no-warnings",
    "--import",
    join(import.meta.dirname, "end-with-parent.ts"),
    // Not bin/wrangler.js: that one only starts this file, in one more process.
    join(ROOT, "node_modules/wrangler/wrangler-dist/cli.js"),
    "dev",
    ...Object.entries(flags).flatMap(([name, value]) => [`--${name}`, value]),
  ];
}

/** The file of settings alone decides: it may have other values than our environment, the addresses of services for instance. */
function withoutSettings(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !isSetting(name)));
}

function quietEnvironment(stateFolder: string): NodeJS.ProcessEnv {
  return {
    // A file of location data, fetched from the network; without it a placeholder serves.
    CLOUDFLARE_CF_FETCH_ENABLED: "false",
    WRANGLER_SEND_METRICS: "false",
    WRANGLER_SEND_ERROR_REPORTS: "false",
    WRANGLER_HIDE_BANNER: "true",
    WRANGLER_LOG_PATH: join(stateFolder, "wrangler-logs"),
    // Copies that run side by side do not know of each other.
    WRANGLER_REGISTRY_PATH: join(stateFolder, "wrangler-registry"),
    FORCE_COLOR: "0",
    NO_COLOR: "1",
  };
}

function keepOutput(child: ChildProcess, { logFile, onCrash }: WranglerOptions): string[] {
  mkdirSync(dirname(logFile), { recursive: true });
  const file = createWriteStream(logFile, { flags: "a" });
  const tail: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    if (!stream) continue;
    createInterface({ input: stream }).on("line", (line) => {
      file.write(`${line}\n`);
      if (CRASH.test(line)) onCrash();
      if (line.trim() !== "" && tail.push(line) > TAIL_LINES) tail.shift();
    });
  }
  child.once("close", () => file.end());
  return tail;
}

function findProxy(pid: number, port: number): number | undefined {
  return descendants(pid).find(({ command }) => command.includes(`entry=127.0.0.1:${port} `))?.pid;
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // Nothing is left of it.
  }
}
