// Many WebSocket clients in a process of their own, on bare sockets: what they cost must not be the server's.
import { randomBytes } from "node:crypto";
import { connect, type Socket } from "node:net";
import type { CrowdOptions, CrowdSeen, CrowdTick } from "./crowd.ts";

/** Connections that are opened at once. */
const OPENING = 100;
/** Of a compact frame's first byte: it is to be acknowledged. */
const ASKS = 8;
/** Of a frame, this much tells it from others. */
const KEY_BYTES = 56;

const frames = new Map<string, CrowdTick>();
let isCounting = false;
let payloadBytes = 0;
let largest: Buffer = Buffer.alloc(0);

class CrowdClient {
  readonly #socket: Socket;
  readonly #acks: boolean;
  #rest: Buffer = Buffer.alloc(0);
  #unacknowledged = 0;
  readonly opened: Promise<void>;

  constructor({ port, path, protocol, subscribe, acks }: CrowdOptions) {
    this.#acks = acks;
    this.#socket = connect({ port, host: "127.0.0.1", noDelay: true });
    this.#socket.write(
      `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n` +
        `Sec-WebSocket-Key: ${randomBytes(16).toString("base64")}\r\n` +
        `${protocol === undefined ? "" : `Sec-WebSocket-Protocol: ${protocol}\r\n`}\r\n`,
    );
    this.opened = new Promise((resolve, reject) => {
      this.#socket.once("error", reject);
      this.#socket.once("data", (head: Buffer) => {
        const end = head.indexOf("\r\n\r\n");
        if (!head.subarray(0, 20).toString().includes(" 101") || end < 0) {
          reject(new Error(`no upgrade: ${head.toString().slice(0, 200)}`));
          return;
        }
        this.#socket.on("data", (data: Buffer) => this.#take(data));
        this.#take(head.subarray(end + 4));
        if (subscribe !== undefined) this.send(subscribe);
        resolve();
      });
    });
  }

  /** A masked frame, as clients must; the mask is zero. */
  send(text: string): void {
    const payload = Buffer.from(text);
    const head = payload.length < 126 ? Buffer.alloc(6) : Buffer.alloc(8);
    head[0] = 0x81;
    head[1] = 0x80 + (payload.length < 126 ? payload.length : 126);
    if (payload.length >= 126) head.writeUInt16BE(payload.length, 2);
    this.#socket.write(Buffer.concat([head, payload]));
  }

  end(): void {
    this.#socket.destroy();
  }

  #take(data: Buffer): void {
    let buffer = this.#rest.length > 0 ? Buffer.concat([this.#rest, data]) : data;
    for (;;) {
      if (buffer.length < 2) break;
      const short = (buffer[1] ?? 0) & 0x7f;
      const start = short < 126 ? 2 : short === 126 ? 4 : 10;
      if (buffer.length < start) break;
      const length =
        short < 126 ? short : short === 126 ? buffer.readUInt16BE(2) : Number(buffer.readBigUInt64BE(2));
      if (buffer.length < start + length) break;
      this.#frame(buffer.subarray(start, start + length));
      buffer = buffer.subarray(start + length);
    }
    this.#rest = buffer.length > 0 ? Buffer.from(buffer) : buffer;
  }

  #frame(payload: Buffer): void {
    this.#unacknowledged++;
    const kind = payload[0] ?? 0;
    if (this.#acks && (kind & ASKS) !== 0) {
      this.send(`{"type":"ack","frames":${this.#unacknowledged}}`);
      this.#unacknowledged = 0;
    }
    if (!isCounting) return;
    const atMs = performance.timeOrigin + performance.now();
    const key = kind < 0x20 ? cursorOf(payload) : payload.toString("latin1", 0, KEY_BYTES);
    payloadBytes += payload.length;
    const tick = frames.get(key);
    if (tick === undefined) {
      largest = Buffer.from(payload);
      frames.set(key, { clients: 1, firstMs: atMs, lastMs: atMs, bytes: payload.length });
    } else {
      tick.clients++;
      tick.lastMs = atMs;
    }
  }
}

/** A compact frame's cursor: what it has of its own. */
function cursorOf(payload: Buffer): string {
  const start = 3 + (payload[1] ?? 0);
  return payload.toString("latin1", start, start + (payload[start - 1] ?? 0));
}

const clients: CrowdClient[] = [];

async function open(options: CrowdOptions): Promise<void> {
  let left = options.count;
  const one = async (): Promise<void> => {
    while (left-- > 0) {
      const client = new CrowdClient(options);
      clients.push(client);
      await client.opened;
    }
  };
  await Promise.all(Array.from({ length: OPENING }, one));
}

function seen(): CrowdSeen {
  return { ticks: [...frames.values()], payloadBytes, last: largest.toString("base64") };
}

process.on("message", (message: { open: CrowdOptions } | "count" | "stop") => {
  if (message === "count") {
    isCounting = true;
    process.send?.("counting");
  } else if (message === "stop") {
    isCounting = false;
    process.send?.(seen());
    for (const client of clients) client.end();
  } else {
    open(message.open).then(
      () => process.send?.("open"),
      (error: unknown) => process.send?.({ error: String(error) }),
    );
  }
});
