import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { MetricSource } from "../../protocol/metric.ts";
import type { QueryAnswer } from "../../protocol/series.ts";
import { descendants, listProcesses, type ProcessEntry } from "../../tools/server/process-tree.ts";
import { freePort } from "../../tools/services/processes.ts";

const ROOT = resolve(import.meta.dirname, "../..");
const READY_MS = 120_000;

// A test run that is broken off leaves nothing behind either.
const started = new Set<ChildProcess>();
process.once("exit", () => {
  for (const child of started) child.kill("SIGTERM");
});

export interface FreshetOptions {
  /** Variables beside those of the tests: settings, for instance. */
  env?: Record<string, string>;
  /** Arguments of `npm start`. By default the demo's traffic is left out. */
  args?: string[];
  /** Another checkout than this one. */
  cwd?: string;
  /** A state folder that outlives it; by default a new one, removed by {@link Freshet.stop}. */
  state?: string;
  port?: number;
  /** How long it may take to be ready. */
  readyMs?: number;
}

/** A server as `npm start` starts it, in a state folder and on a port of its own. */
export class Freshet {
  readonly url: string;
  readonly port: number;
  readonly #child: ChildProcess;
  readonly state: string;
  readonly #keepState: boolean;
  #output = "";

  static async start(options: FreshetOptions = {}): Promise<Freshet> {
    const freshet = await Freshet.launch(options);
    await freshet.says(/^Ready: /m, options.readyMs ?? READY_MS);
    return freshet;
  }

  /** {@link start} without waiting until it is ready, or for one that will not be. */
  static async launch(options: FreshetOptions = {}): Promise<Freshet> {
    return new Freshet(options.port ?? (await freePort()), options);
  }

  private constructor(port: number, { env = {}, args = ["--no-demo"], cwd = ROOT, state }: FreshetOptions) {
    this.port = port;
    this.url = `http://127.0.0.1:${port}`;
    this.#keepState = state !== undefined;
    this.state = state ?? mkdtempSync(join(tmpdir(), "freshet-e2e-"));
    this.#child = spawn("npm", ["start", "--silent", "--", ...args], {
      cwd,
      env: { ...process.env, PORT: String(port), FRESHET_STATE: this.state, ...env },
      stdio: ["ignore", "pipe", "pipe"],
      // A group of its own, as a shell gives it: what Ctrl-C reaches.
      detached: true,
    });
    started.add(this.#child);
    this.#child.once("exit", () => started.delete(this.#child));
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.setEncoding("utf8").on("data", (text: string) => (this.#output += text));
    }
  }

  get output(): string {
    return this.#output;
  }

  /** Waits until the output matches. */
  async says(pattern: RegExp, timeoutMs: number): Promise<void> {
    const deadlineMs = Date.now() + timeoutMs;
    while (!pattern.test(this.#output)) {
      if (this.#child.exitCode !== null || Date.now() > deadlineMs) {
        throw new Error(`npm start did not say ${pattern}:\n${this.#output}`);
      }
      await sleep(50);
    }
  }

  /** npm and all processes that it started, with what these started. */
  processes(): ProcessEntry[] {
    return [...listProcesses().filter(({ pid }) => pid === this.#pid()), ...descendants(this.#pid())];
  }

  pids(): number[] {
    return this.processes().map(({ pid }) => pid);
  }

  /** Sends a signal to the one process whose command line matches. */
  signal(command: RegExp, name: NodeJS.Signals): void {
    const found = this.processes().filter((entry) => command.test(entry.command));
    const [only] = found;
    if (!only || found.length > 1) throw new Error(`${found.length} processes match ${command}`);
    process.kill(only.pid, name);
  }

  /** `kill -9` of every workerd, as a crash of the machine's runtime would be. */
  killWorkerd(): void {
    for (const { pid, command } of descendants(this.#pid())) {
      if (/workerd serve/.test(command)) process.kill(pid, "SIGKILL");
    }
  }

  /** Ctrl-C. Returns the exit code. */
  async interrupt(): Promise<number | null> {
    const { exitCode, signalCode } = this.#child;
    if (exitCode === null && signalCode === null) process.kill(-this.#pid(), "SIGINT");
    return this.ended();
  }

  /** Waits for npm's end. Returns its exit code. */
  async ended(): Promise<number | null> {
    const { exitCode, signalCode } = this.#child;
    if (exitCode !== null || signalCode !== null) return exitCode;
    return new Promise((settle) => this.#child.once("exit", settle));
  }

  async stop(): Promise<void> {
    await this.interrupt();
    if (!this.#keepState) rmSync(this.state, { recursive: true, force: true });
  }

  /** Sends a request with one of the demo's keys. */
  fetch(path: string, init: RequestInit = {}, key = "demo-admin"): Promise<Response> {
    const headers = { authorization: `Bearer ${key}`, ...(init.headers as Record<string, string>) };
    return fetch(this.url + path, { signal: AbortSignal.timeout(10_000), ...init, headers });
  }

  async putMetric(metric: MetricSource): Promise<void> {
    const response = await this.fetch(`/v1/catalog/metrics/${metric.name}`, {
      method: "PUT",
      body: JSON.stringify(metric),
    });
    if (!response.ok) throw new Error(`PUT ${metric.name}: ${response.status} ${await response.text()}`);
  }

  /** Posts NDJSON under a batch id until it is acknowledged, as a client does that retries. */
  async post(batchId: string, body: string): Promise<{ accepted: number; tries: number }> {
    for (let tries = 1; tries <= 600; tries++) {
      try {
        const headers = { "idempotency-key": batchId };
        const response = await this.fetch("/v1/events", { method: "POST", body, headers }, "demo-write");
        const answer = await response.text();
        if (response.status === 202)
          return { accepted: (JSON.parse(answer) as { accepted: number }).accepted, tries };
        if (response.status < 500) throw new Error(`refused for good: ${response.status} ${answer}`);
      } catch (error) {
        if (error instanceof Error && error.message.startsWith("refused")) throw error;
      }
      await sleep(100 + Math.random() * 200);
    }
    throw new Error(`${batchId} was not acknowledged`);
  }

  /** The sum of a metric's values once it is `wanted`, or the last one seen after `timeoutMs`. */
  async sumWhen(metric: string, wanted: number, timeoutMs: number): Promise<number> {
    const deadlineMs = Date.now() + timeoutMs;
    for (let sum = Number.NaN; ;) {
      try {
        const response = await this.fetch(`/v1/query?metric=${metric}&from=now-1h`, {}, "demo-read");
        const { series } = (await response.json()) as QueryAnswer;
        sum = series.flatMap(({ v }) => v).reduce<number>((total, v) => total + (v ?? 0), 0);
        if (sum === wanted) return sum;
      } catch {
        // It is being started again.
      }
      if (Date.now() > deadlineMs) return sum;
      await sleep(200);
    }
  }

  #pid(): number {
    if (this.#child.pid === undefined) throw new Error("npm could not be started");
    return this.#child.pid;
  }
}
