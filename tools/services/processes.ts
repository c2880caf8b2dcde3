import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, readSync, statSync } from "node:fs";
import { createServer } from "node:net";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

/** A part that this machine cannot have: `reason` is the sentence behind SKIPPED. */
export class ServiceUnavailableError extends Error {
  override name = "ServiceUnavailableError";
}

export interface ProcessOptions {
  /** What error messages call it. */
  name: string;
  command: string;
  args: string[];
  cwd?: string;
  env?: NodeJS.ProcessEnv;
  /** Gets standard output and error, appended. */
  logFile: string;
  /** Asked every 100 ms until it answers true; `log` is what the process has written so far. */
  isReady: (log: string) => boolean | Promise<boolean>;
  readyTimeoutMs?: number;
}

export interface RunningProcess {
  pid: number;
  logFile: string;
  /** Settles when the process has ended. */
  exited: Promise<void>;
  /** What the process has written since its start. */
  log(): string;
  /** SIGTERM, then SIGKILL after `graceMs`. Returns once it is gone. */
  stop(graceMs?: number): Promise<void>;
  /** SIGKILL, as a crash would. Returns once it is gone. */
  kill(): Promise<void>;
}

/** A process that can be started again as it was. `pid` and `exited` are those of its newest life. */
export interface RestartableProcess {
  readonly pid: number;
  readonly exited: Promise<void>;
  logFile: string;
  /** A clean shutdown. */
  stop(): Promise<void>;
  /** A crash: `kill -9`. */
  kill(): Promise<void>;
  /** Starts it again on the same data and ports, after a {@link stop}, a {@link kill}, or neither. */
  restart(): Promise<void>;
}

const alive = new Set<ChildProcess>();
process.on("exit", () => {
  for (const child of alive) child.kill("SIGKILL");
});

/** The system may name a port again that it named a moment ago and that nobody has taken yet. */
const namedPorts = new Set<number>();

/** A TCP port of 127.0.0.1 that nobody listens on now, and another one each time. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = await unusedPort();
    if (namedPorts.has(port)) continue;
    namedPorts.add(port);
    return port;
  }
}

function unusedPort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address ? address.port : 0));
    });
  });
}

/** Whether nobody listens on this TCP port of 127.0.0.1. */
export function isPortFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
}

/** Whether `command` is on the PATH. */
export function hasCommand(command: string): boolean {
  return commandPath(command) !== undefined;
}

/** Where on the PATH `command` is. */
export function commandPath(command: string): string | undefined {
  const found = spawnSync("sh", ["-c", `command -v "$1"`, "sh", command], { encoding: "utf8" });
  return found.status === 0 ? found.stdout.trim() : undefined;
}

/**
 * Starts a long-running process and waits until it is ready.
 *
 * The process is in a session of its own, so that Ctrl-C reaches only us and we stop things in order; it
 * dies with us all the same: by `setpriv --pdeathsig` where Linux has it, and by an exit handler.
 *
 * @throws Error with the log's tail when it ends early or is not ready in time.
 */
export async function startProcess(options: ProcessOptions): Promise<RunningProcess> {
  const { name, logFile, readyTimeoutMs = 60_000 } = options;
  mkdirSync(dirname(logFile), { recursive: true });
  const logStart = existsSync(logFile) ? statSync(logFile).size : 0;
  const child = spawnBound(options);
  const running = track(child, logFile, logStart);
  const deadline = Date.now() + readyTimeoutMs;
  try {
    while (!(await options.isReady(running.log()))) {
      if (child.exitCode !== null || child.signalCode !== null) {
        throw new Error(`${name} ended with ${child.exitCode ?? child.signalCode}`);
      }
      if (Date.now() > deadline) throw new Error(`${name} was not ready within ${readyTimeoutMs} ms`);
      await sleep(100);
    }
  } catch (error) {
    await running.kill();
    throw withTail(error, running);
  }
  return running;
}

/** {@link startProcess}, with a way to do it again. */
export async function startRestartable(options: ProcessOptions): Promise<RestartableProcess> {
  let running = await startProcess(options);
  return {
    get pid() {
      return running.pid;
    },
    get exited() {
      return running.exited;
    },
    logFile: options.logFile,
    stop: () => running.stop(),
    kill: () => running.kill(),
    async restart() {
      await running.kill();
      running = await startProcess(options);
    },
  };
}

function spawnBound({ command, args, cwd, env, logFile }: ProcessOptions): ChildProcess {
  const log = openSync(logFile, "a");
  const bound = process.platform === "linux" && hasCommand("setpriv");
  const [file, ...rest] = bound
    ? ["setpriv", "--pdeathsig", "KILL", "--", command, ...args]
    : [command, ...args];
  try {
    return spawn(file ?? command, rest, {
      cwd,
      env: { ...process.env, ...env },
      stdio: ["ignore", log, log],
      detached: true,
    });
  } finally {
    closeSync(log);
  }
}

function track(child: ChildProcess, logFile: string, logStart: number): RunningProcess {
  alive.add(child);
  const exited = new Promise<void>((resolve) => {
    const end = (): void => {
      alive.delete(child);
      resolve();
    };
    child.once("exit", end);
    child.once("error", end);
  });
  const signal = async (name: NodeJS.Signals): Promise<void> => {
    child.kill(name);
    await exited;
  };
  return {
    pid: child.pid ?? 0,
    logFile,
    exited,
    log: () => readFrom(logFile, logStart),
    kill: () => signal("SIGKILL"),
    async stop(graceMs = 10_000) {
      const late = setTimeout(() => child.kill("SIGKILL"), graceMs);
      await signal("SIGTERM");
      clearTimeout(late);
    },
  };
}

function readFrom(file: string, start: number): string {
  const length = statSync(file).size - start;
  const buffer = Buffer.alloc(Math.max(0, length));
  const fd = openSync(file, "r");
  try {
    return buffer.toString("utf8", 0, readSync(fd, buffer, 0, buffer.length, start));
  } finally {
    closeSync(fd);
  }
}

function withTail(error: unknown, running: RunningProcess): Error {
  const reason = error instanceof Error ? error.message : String(error);
  const tail = readFileSync(running.logFile, "utf8").trimEnd().split("\n").slice(-20).join("\n");
  return new Error(`${reason}; the end of ${running.logFile}:\n${tail}`, { cause: error });
}

/** Runs a command to its end. @throws Error with what it wrote when it fails or takes too long. */
export async function runCommand(
  command: string,
  args: string[],
  options: { timeoutMs?: number; env?: NodeJS.ProcessEnv; cwd?: string } = {},
): Promise<string> {
  const { timeoutMs = 60_000, env, cwd } = options;
  const child = spawn(command, args, {
    cwd,
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "pipe"],
    timeout: timeoutMs,
    killSignal: "SIGKILL",
  });
  alive.add(child);
  let out = "";
  let err = "";
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => (out += chunk));
  child.stderr.setEncoding("utf8").on("data", (chunk: string) => (err += chunk));
  const ending = await new Promise<string | number>((resolve) => {
    child.once("error", (error) => resolve(error.message));
    child.once("close", (code, signal) => resolve(code ?? signal ?? "nothing"));
  });
  alive.delete(child);
  if (ending === 0) return out;
  throw new Error(`${command} ${args[0] ?? ""} ended with ${ending}: ${(err || out).trim().slice(-2_000)}`);
}
