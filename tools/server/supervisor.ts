import { setTimeout as sleep } from "node:timers/promises";
import { askHealth } from "./health.ts";
import { startWrangler, type Wrangler, type WranglerOptions } from "./wrangler.ts";

const START_TIMEOUT_MS = 90_000;
const STOP_GRACE_MS = 5_000;
const WATCH_EVERY_MS = 1_000;
/** A machine under full load is slow to answer; killing a server that only works hard would be worse than to wait. */
const SILENCE_MS = 60_000;
/** After a crash: long enough for Miniflare's own restart, which takes half a second and is not tried twice. */
const SILENCE_AFTER_CRASH_MS = 5_000;
/** So many restarts within {@link RESTART_SPAN_MS} are a fault that another one will not cure. */
const MOST_RESTARTS = 5;
const RESTART_SPAN_MS = 60_000;

/** The server cannot be had: the message is a sentence for the user. */
export class StartError extends Error {
  override name = "StartError";
}

export interface ServerOptions extends Omit<WranglerOptions, "onCrash"> {
  /** Tells the user what happens. */
  say: (line: string) => void;
}

/** A server that is started again on the same port with the same state when any part of it dies. */
export class Supervisor {
  readonly url: string;
  /** Rejects when the server died and could not be brought back. */
  readonly failed: Promise<never>;
  readonly #options: ServerOptions;
  readonly #fail: (error: StartError) => void;
  #wrangler: Wrangler | undefined;
  #proxyPid: number | undefined;
  #crashedAtMs: number | undefined;
  #restartsMs: number[] = [];
  #stopping = false;

  constructor(options: ServerOptions) {
    this.#options = options;
    this.url = `http://127.0.0.1:${options.port}`;
    const { promise, reject } = Promise.withResolvers<never>();
    this.failed = promise;
    this.#fail = reject;
    // Whoever awaits `failed` gets the error; before anybody does it must not end the process.
    promise.catch(() => {});
  }

  /** @throws StartError when the server does not come up or says by `/healthz` that it cannot serve. */
  async start(): Promise<void> {
    await this.#launch();
    void this.#watch();
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    await this.#wrangler?.stop(STOP_GRACE_MS);
  }

  async #launch(): Promise<void> {
    this.#crashedAtMs = undefined;
    const wrangler = startWrangler({ ...this.#options, onCrash: () => this.#noteCrash() });
    this.#wrangler = wrangler;
    const startedMs = Date.now();
    while (!this.#stopping) {
      if (wrangler.hasEnded())
        throw new StartError(explainEnd(wrangler, await wrangler.ended, this.#options));
      const health = await askHealth(this.url, 5_000);
      if (health.state === "ok") break;
      if ("message" in health && this.#restartsMs.length === 0) {
        throw new StartError(`The server cannot serve: ${health.message}`);
      }
      if (health.state === "unavailable") break;
      const boundMs = this.#crashedAtMs === undefined ? START_TIMEOUT_MS : SILENCE_AFTER_CRASH_MS;
      if (Date.now() - (this.#crashedAtMs ?? startedMs) > boundMs) {
        throw new StartError(explainSilence(wrangler, this.#options, boundMs));
      }
      await sleep(100);
    }
    this.#proxyPid = wrangler.proxyPid();
  }

  #noteCrash(): void {
    if (this.#stopping || this.#crashedAtMs !== undefined) return;
    this.#crashedAtMs = Date.now();
    this.#options.say("The Workers runtime (workerd) died; it is being started again …");
  }

  async #watch(): Promise<void> {
    let answeredMs = Date.now();
    while (!this.#stopping) {
      await sleep(this.#crashedAtMs === undefined ? WATCH_EVERY_MS : 100);
      const wrangler = this.#wrangler;
      if (this.#stopping || !wrangler) return;
      const reason = await this.#deadReason(wrangler, answeredMs);
      if (this.#stopping) return;
      if (reason === "silent") continue;
      if (reason !== undefined && !(await this.#restart(wrangler, reason))) return;
      answeredMs = Date.now();
    }
  }

  /** Why this wrangler must be replaced; undefined when it answers, `silent` while there is still hope. */
  async #deadReason(wrangler: Wrangler, answeredMs: number): Promise<string | undefined> {
    if (wrangler.hasEnded()) return `wrangler ended (${await wrangler.ended})`;
    // Miniflare replaces a dead proxy by one that waits for ever to be told where the Worker is.
    if (this.#crashedAtMs !== undefined && wrangler.proxyPid() !== this.#proxyPid) {
      return "the workerd that takes the requests was replaced by one that does not know the Worker";
    }
    const health = await Promise.race([askHealth(this.url, 5_000), wrangler.ended.then(() => undefined)]);
    if (health?.state === "ok" || health?.state === "unavailable") {
      this.#noteRecovery();
      return undefined;
    }
    const boundMs = this.#crashedAtMs === undefined ? SILENCE_MS : SILENCE_AFTER_CRASH_MS;
    const silentMs = Date.now() - answeredMs;
    return silentMs > boundMs ? `no answer for ${Math.round(silentMs / 1000)} s` : "silent";
  }

  #noteRecovery(): void {
    if (this.#crashedAtMs === undefined) return;
    const seconds = ((Date.now() - this.#crashedAtMs) / 1000).toFixed(1);
    this.#crashedAtMs = undefined;
    this.#options.say(`The server is back at ${this.url} with its state after ${seconds} s.`);
  }

  /** @returns whether the server is back. */
  async #restart(dead: Wrangler, reason: string): Promise<boolean> {
    const nowMs = Date.now();
    this.#options.say(`The server is down: ${reason}. Starting it again …`);
    await dead.stop(0);
    this.#restartsMs = [...this.#restartsMs.filter((atMs) => atMs > nowMs - RESTART_SPAN_MS), nowMs];
    if (this.#restartsMs.length > MOST_RESTARTS) {
      this.#fail(
        new StartError(
          `The server died ${this.#restartsMs.length} times within a minute: ${reason}. See ${this.#options.logFile}`,
        ),
      );
      return false;
    }
    if (this.#stopping) return false;
    try {
      await this.#launch();
    } catch (error) {
      // The next round of the watch sees that it has ended and tries again.
      this.#options.say(error instanceof Error ? error.message : String(error));
      await this.#wrangler?.stop(0);
      return true;
    }
    const seconds = ((Date.now() - nowMs) / 1000).toFixed(1);
    if (!this.#stopping)
      this.#options.say(`The server is back at ${this.url} with its state after ${seconds} s.`);
    return true;
  }
}

/** Told apart from other ends, because the user can cure it. */
export function portInUse(port: number): string {
  return `Port ${port} is in use by another program: stop that one, or choose another port, such as PORT=${port + 1} npm start`;
}

function explainEnd(wrangler: Wrangler, end: string, { port, logFile }: ServerOptions): string {
  const tail = wrangler.tail();
  if (/address already in use/i.test(tail)) return portInUse(port);
  return `wrangler dev ended before the server was up (${end}). The end of ${logFile}:\n${tail}`;
}

function explainSilence(wrangler: Wrangler, { logFile }: ServerOptions, boundMs: number): string {
  return `The server did not answer /healthz within ${boundMs / 1000} s. The end of ${logFile}:\n${wrangler.tail()}`;
}
