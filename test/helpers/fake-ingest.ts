import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { gunzipSync } from "node:zlib";

/** One request as it came in, unpacked. */
export interface IngestRequest {
  url: string;
  headers: IncomingMessage["headers"];
  batch: string;
  events: Record<string, unknown>[];
  atMs: number;
}

/** How to answer: a status with headers, or a way to fail. `accept` keeps the batch and says so. */
export type IngestBehaviour =
  | "accept"
  | "hang"
  | "drop-before"
  /** Keeps the batch, then drops the connection: what a client cannot tell from `drop-before`. */
  | "drop-after"
  | { status: number; headers?: Record<string, string>; body?: string };

/**
 * An ingest endpoint for tests of clients: it remembers batches by id, as the real one does, and answers request after
 * request as `script` says, then accepts.
 */
export class FakeIngest {
  readonly requests: IngestRequest[] = [];
  readonly stored = new Map<string, Record<string, unknown>[]>();
  readonly script: IngestBehaviour[];
  readonly #server = createServer((request, response) => void this.#serve(request, response));
  #waiting: { count: number; resolve: () => void }[] = [];

  constructor(...script: IngestBehaviour[]) {
    this.script = script;
  }

  /** Starts listening on a port of 127.0.0.1; gives back the origin. */
  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  /** Resolves when `count` requests have come in. */
  async received(count: number): Promise<void> {
    if (this.requests.length >= count) return;
    await new Promise<void>((resolve) => this.#waiting.push({ count, resolve }));
  }

  /** The events of all batches kept. */
  get events(): Record<string, unknown>[] {
    return [...this.stored.values()].flat();
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const read = await readRequest(request);
    const behaviour = this.script.shift() ?? "accept";
    this.requests.push(read);
    for (const { count, resolve } of this.#waiting) if (this.requests.length >= count) resolve();
    if (behaviour === "hang") return;
    if (behaviour === "drop-before") return void request.socket.destroy();
    if (behaviour === "accept" || behaviour === "drop-after") {
      const duplicate = this.stored.has(read.batch);
      if (!duplicate) this.stored.set(read.batch, read.events);
      if (behaviour === "drop-after") return void request.socket.destroy();
      const body = { accepted: read.events.length, rejected: [], duplicate, batch: read.batch };
      return void response.writeHead(202, CORS).end(JSON.stringify(body));
    }
    response.writeHead(behaviour.status, { ...CORS, ...behaviour.headers }).end(behaviour.body ?? "");
  }
}

const CORS = { "access-control-allow-origin": "*", "access-control-expose-headers": "retry-after" };

async function readRequest(request: IncomingMessage): Promise<IngestRequest> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const raw = Buffer.concat(chunks);
  const text = (raw[0] === 0x1f ? gunzipSync(raw) : raw).toString();
  const atMs = Date.now();
  const { url = "", headers } = request;
  if (text.startsWith('{"batch":')) {
    const { batch, events } = JSON.parse(text) as { batch: string; events: Record<string, unknown>[] };
    return { url, headers, batch, events, atMs };
  }
  const events = text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  return { url, headers, batch: String(headers["idempotency-key"]), events, atMs };
}
