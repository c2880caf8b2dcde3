import { type ChildProcess, fork } from "node:child_process";
import { join } from "node:path";

export interface CrowdOptions {
  port: number;
  /** With the query. */
  path: string;
  /** `Sec-WebSocket-Protocol`. */
  protocol?: string;
  count: number;
  /** Sent by each client once it is open. */
  subscribe?: string;
  /** Whether the clients say what they have taken. */
  acks: boolean;
}

/** One frame and how it reached the clients; times are epoch ms. */
export interface CrowdTick {
  clients: number;
  firstMs: number;
  lastMs: number;
  bytes: number;
}

export interface CrowdSeen {
  ticks: CrowdTick[];
  payloadBytes: number;
  /** The newest kind of frame, base64. */
  last: string;
}

/** Many clients in another process. */
export class Crowd {
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess) {
    this.#child = child;
  }

  /** Starts the process and opens the connections. @throws Error when one is refused. */
  static async open(options: CrowdOptions): Promise<Crowd> {
    const crowd = new Crowd(fork(join(import.meta.dirname, "crowd-process.ts"), { serialization: "json" }));
    const answer = await crowd.#ask<string | { error: string }>({ open: options });
    if (typeof answer === "string") return crowd;
    crowd.#child.kill();
    throw new Error(answer.error);
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  async count(): Promise<void> {
    await this.#ask("count");
  }

  /** What was seen since {@link count}; the clients go. */
  async end(): Promise<CrowdSeen> {
    const seen = await this.#ask<CrowdSeen>("stop");
    this.#child.kill();
    return seen;
  }

  #ask<T>(message: object | string): Promise<T> {
    return new Promise((resolve, reject) => {
      const gone = (): void => reject(new Error("the crowd's process has ended"));
      this.#child.once("exit", gone);
      this.#child.once("message", (answer) => {
        this.#child.off("exit", gone);
        resolve(answer as T);
      });
      this.#child.send(message);
    });
  }
}
