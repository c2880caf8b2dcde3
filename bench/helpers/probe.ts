import { WebSocket } from "ws";
import { LIVE_SUBPROTOCOL, type ServerMessage } from "../../protocol/live.ts";
import type { MetricSource } from "../../protocol/metric.ts";
import { PROJECT_KEYS } from "./project.ts";

/** Every probe's value is higher than the one before, so that a maximum tells which of them a frame holds. */
export const PROBE_METRIC: MetricSource = {
  name: "probe",
  event: "probe",
  aggregate: "max(value)",
  window: { type: "tumbling", size: "10s" },
};

/** Posts a probe and gives back when its answer came. */
export async function postProbe(url: string, value: number): Promise<number> {
  const response = await fetch(`${url}/v1/events`, {
    method: "POST",
    headers: { authorization: `Bearer ${PROJECT_KEYS.write}` },
    body: JSON.stringify({ name: "probe", value }),
  });
  const atMs = performance.now();
  if (response.status !== 202)
    throw new Error(`a probe was answered ${response.status}: ${await response.text()}`);
  await response.arrayBuffer();
  return atMs;
}

/** A socket that watches the probes' metric. */
export class ProbeWatch {
  readonly #socket: WebSocket;
  #wanted = Number.POSITIVE_INFINITY;
  #settle: (atMs: number) => void = () => {};

  private constructor(socket: WebSocket) {
    this.#socket = socket;
  }

  static async open(url: string): Promise<ProbeWatch> {
    const address = `${url.replace("http", "ws")}/v1/live?key=${PROJECT_KEYS.read}`;
    const socket = new WebSocket(address, LIVE_SUBPROTOCOL);
    const watch = new ProbeWatch(socket);
    await new Promise((resolve, reject) => {
      socket.once("open", resolve);
      socket.once("error", reject);
    });
    const snapshot = new Promise((resolve) => socket.once("message", resolve));
    socket.send(JSON.stringify({ type: "subscribe", id: "p", metric: PROBE_METRIC.name, range: "5m" }));
    await snapshot;
    socket.on("message", (data: Buffer) => watch.#take(data.toString()));
    return watch;
  }

  /** When the frame comes that holds this probe. @throws Error when it does not in time. */
  seen(value: number, timeoutMs: number): Promise<number> {
    this.#wanted = value;
    return new Promise((resolve, reject) => {
      const late = setTimeout(() => reject(new Error(`probe ${value} was never seen`)), timeoutMs);
      this.#settle = (atMs) => {
        clearTimeout(late);
        resolve(atMs);
      };
    });
  }

  close(): void {
    this.#socket.terminate();
  }

  #take(text: string): void {
    const atMs = performance.now();
    const message = JSON.parse(text) as ServerMessage;
    if (message.type === "error") throw new Error(`${message.code}: ${message.message}`);
    const values = message.series.flatMap(({ v }) => v);
    if (!values.some((value) => value !== null && value >= this.#wanted)) return;
    this.#wanted = Number.POSITIVE_INFINITY;
    this.#settle(atMs);
  }
}
