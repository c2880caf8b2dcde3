import { readFileSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join, resolve } from "node:path";
import { type WebSocket, WebSocketServer } from "ws";
import type { Dashboard } from "../../protocol/dashboard.ts";
import {
  COMPACT_SUBPROTOCOL,
  type DeltaMessage,
  type SnapshotMessage,
  type SubscribeMessage,
} from "../../protocol/live.ts";
import { encodeFrame, type GroupNumbers } from "../../protocol/live-binary.ts";
import type { Group, Series } from "../../protocol/series.ts";

export const SITE = resolve(import.meta.dirname, "../../dist/site");

/** What a dashboard under measurement shows: so many line panels of so many series, a point a second. */
export interface DashboardLoad {
  panels: number;
  seriesEach: number;
  points: number;
  /** Frames a second for each panel. */
  ticks: number;
}

const TYPES: Record<string, string> = {
  ".html": "text/html",
  ".js": "text/javascript",
  ".css": "text/css",
  ".svg": "image/svg+xml",
};
const STEP_MS = 1_000;

const numberOf: GroupNumbers["numberOf"] = ({ host = "" }) => Number(host.slice("host-".length));

/**
 * Serves the built site with data that are always alike, and as soon as they are due: what is measured is the page alone.
 */
export class DashboardServer {
  readonly #load: DashboardLoad;
  readonly #http = createServer((request, response) => this.#answer(request, response));
  readonly #sockets = new WebSocketServer({ server: this.#http, handleProtocols: () => COMPACT_SUBPROTOCOL });
  readonly #watched = new Map<WebSocket, SubscribeMessage[]>();
  #timer: NodeJS.Timeout | undefined;
  #frame = 0;

  constructor(load: DashboardLoad) {
    this.#load = load;
    this.#sockets.on("connection", (socket) => {
      this.#watched.set(socket, []);
      socket.on("message", (data: Buffer) => this.#receive(socket, data.toString()));
      socket.on("close", () => this.#watched.delete(socket));
    });
  }

  /** @returns the address of the dashboard. */
  async start(): Promise<string> {
    await new Promise<void>((settle) => this.#http.listen(0, "127.0.0.1", settle));
    this.#timer = setInterval(() => this.#tick(), 1_000 / this.#load.ticks);
    return `http://127.0.0.1:${(this.#http.address() as AddressInfo).port}`;
  }

  close(): void {
    clearInterval(this.#timer);
    for (const socket of this.#watched.keys()) socket.terminate();
    this.#http.close();
    this.#http.closeAllConnections();
  }

  #answer({ url = "/" }: IncomingMessage, response: ServerResponse): void {
    const { pathname } = new URL(url, "http://localhost");
    const json = this.#catalog(pathname);
    if (json !== undefined) {
      response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(json));
      return;
    }
    const file = extname(pathname) === "" ? "index.html" : pathname.slice(1);
    response.writeHead(200, { "content-type": TYPES[extname(file)] ?? "text/plain" });
    response.end(readFileSync(join(SITE, file)));
  }

  #catalog(pathname: string): object | undefined {
    if (pathname === "/v1/config") return { publicReadKey: "bench" };
    if (pathname === "/v1/catalog/dashboards") return { dashboards: [this.#dashboard()] };
    if (pathname !== "/v1/catalog/metrics") return undefined;
    const window = { type: "tumbling", size: "1s" };
    const metric = (name: string) => ({
      name,
      event: "e",
      aggregate: "avg(value)",
      window,
      groupBy: ["host"],
    });
    return { metrics: Array.from({ length: this.#load.panels }, (_, i) => metric(`m${i}`)) };
  }

  #dashboard(): Dashboard {
    const { panels, points, seriesEach } = this.#load;
    const width = panels <= 1 ? 12 : panels <= 6 ? 4 : 3;
    return {
      name: "bench",
      title: "Bench",
      range: `${points}s`,
      panels: Array.from({ length: panels }, (_, i) => ({
        title: `Panel ${i}`,
        kind: "line",
        metric: `m${i}`,
        top: seriesEach,
        width,
        height: panels <= 1 ? 6 : 2,
      })),
    };
  }

  #receive(socket: WebSocket, text: string): void {
    if (text === "ping") return socket.send("pong");
    const message = JSON.parse(text) as SubscribeMessage;
    if (message.type !== "subscribe") return;
    this.#watched.get(socket)?.push(message);
    const end = Math.ceil(Date.now() / STEP_MS) * STEP_MS;
    const series = this.#series(end, this.#load.points);
    const { id } = message;
    const named = series.map(({ group }): [number, Group] => [numberOf(group), group]);
    const snapshot: SnapshotMessage = {
      type: "snapshot",
      id,
      cursor: "0",
      recovered: false,
      series,
      watermark: end,
    };
    socket.send(encodeFrame(snapshot, { generation: 1, numberOf, named }));
  }

  /** The newest two points of every series: the open window with another value, the one before it final. */
  #tick(): void {
    this.#frame++;
    const end = Math.ceil(Date.now() / STEP_MS) * STEP_MS;
    const series = this.#series(end, 2);
    for (const [socket, messages] of this.#watched) {
      for (const { id } of messages) {
        const cursor = String(this.#frame);
        const delta: DeltaMessage = { type: "delta", id, cursor, series, watermark: end, lag: 5 };
        socket.send(encodeFrame(delta, { generation: 1, numberOf, named: [] }));
      }
    }
  }

  #series(end: number, points: number): Series[] {
    const t = Array.from({ length: points }, (_, i) => end - (points - 1 - i) * STEP_MS);
    return Array.from({ length: this.#load.seriesEach }, (_, host) => ({
      group: { host: `host-${host}` },
      t,
      v: t.map((ms, i) => this.#value(ms, host, i === points - 1 ? this.#frame : 0)),
      s: t.map((_ms, i) => (i === points - 1 ? 0 : 1)),
    }));
  }

  #value(ms: number, host: number, frame: number): number {
    const slow = Math.sin(ms / 60_000 + host) * 30 + 50 + host * 3;
    return slow + ((ms / 1_000 + host * 7 + frame) % 5);
  }
}
