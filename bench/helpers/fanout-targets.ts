import { copyFileSync, mkdirSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { installDebianPackage } from "../../tools/services/debian.ts";
import { freePort, hasCommand, type RunningProcess, startProcess } from "../../tools/services/processes.ts";
import { type Bundle, bareHubConfig } from "./bundle.ts";
import type { CrowdOptions } from "./crowd.ts";
import { startFreshet } from "./path.ts";
import { PROJECT_KEYS } from "./project.ts";
import { listens, startWorkerd } from "./workerd.ts";

export const METRIC = "clicks";
/** Points that change with each frame. */
export const GROUPS = 10;
export const SUBSCRIBE = JSON.stringify({ type: "subscribe", id: "1", metric: METRIC, range: "1m" });

export type LiveProtocol = "freshet.v1" | "freshet.v2";

/** A server that sends frames to a crowd of clients. */
export interface Target {
  pids: number[];
  crowd: CrowdOptions;
  /** Has a frame sent to every client. */
  publish: (tick: number) => Promise<void>;
  close: () => Promise<void>;
}

/** The whole of Freshet: a frame follows from events that are posted. */
export async function freshet(dir: string, bundle: Bundle, protocol: LiveProtocol): Promise<Target> {
  const server = await startFreshet("embedded", dir, bundle, { LIVE_TICK_MS: "100", PARTITIONS: "1" });
  return {
    pids: [server.pid],
    crowd: {
      port: server.port,
      path: `/v1/live?key=${PROJECT_KEYS.read}`,
      protocol,
      count: 0,
      subscribe: SUBSCRIBE,
      acks: protocol === "freshet.v2",
    },
    publish: () => post(server.url),
    close: () => server.close(),
  };
}

/** One click of each campaign: ten points change. */
async function post(url: string): Promise<void> {
  const events = Array.from({ length: GROUPS }, (_, i) => ({
    name: "ad_click",
    value: 1,
    props: { campaign: `campaign-${i}`, country: "DE" },
  }));
  const response = await fetch(`${url}/v1/events`, {
    method: "POST",
    headers: { authorization: `Bearer ${PROJECT_KEYS.write}` },
    body: JSON.stringify(events),
  });
  await response.arrayBuffer();
  if (response.status !== 202) throw new Error(`POST: ${response.status}`);
}

/** A Durable Object that sends `frame` and does nothing else. */
export async function bareHub(dir: string, frame: Buffer, frames: LiveProtocol): Promise<Target> {
  mkdirSync(dir, { recursive: true });
  copyFileSync(join(import.meta.dirname, "bare-hub.js"), join(dir, "main.js"));
  const server = await startWorkerd({ dir, config: bareHubConfig });
  const isText = frames === "freshet.v1";
  return {
    pids: [server.pid],
    crowd: { port: server.port, path: "/?hub=0", count: 0, acks: false },
    publish: async (tick) => {
      const response = await fetch(`${server.url}/?hub=0`, {
        method: "POST",
        headers: { "content-type": isText ? "text/plain" : "application/octet-stream" },
        body: new Uint8Array(numbered(frame, tick, isText)),
      });
      await response.arrayBuffer();
    },
    close: () => server.stop(),
  };
}

/** The same frame with a number in it, by which the crowd tells it from others. */
function numbered(frame: Buffer, tick: number, isText = true): Buffer {
  const copy = Buffer.from(frame);
  copy.write(String(tick).padStart(6, "0"), isText ? 16 : 4, "latin1");
  return copy;
}

/** `ws` on Node, given `frame` by Redis. */
export async function redisAndWs(dir: string, frame: Buffer): Promise<Target> {
  if (!hasCommand("redis-server")) await installDebianPackage("redis-server");
  mkdirSync(dir, { recursive: true });
  const [redisPort, port] = [await freePort(), await freePort()];
  const redis = await startProcess({
    name: "redis",
    command: "redis-server",
    args: [
      "--port",
      String(redisPort),
      "--bind",
      "127.0.0.1",
      "--save",
      "",
      "--appendonly",
      "no",
      "--dir",
      dir,
    ],
    logFile: join(dir, "redis.log"),
    isReady: (log) => /ready to accept connections/i.test(log),
  });
  const ws = await startProcess({
    name: "ws",
    command: process.execPath,
    args: [join(import.meta.dirname, "redis-ws-server.ts"), String(redisPort), String(port)],
    logFile: join(dir, "ws.log"),
    isReady: () => listens(port),
  });
  const publisher = connect(redisPort, "127.0.0.1");
  return {
    pids: [redis.pid, ws.pid],
    crowd: { port, path: "/", count: 0, acks: false },
    publish: async (tick) => {
      const payload = numbered(frame, tick);
      publisher.write(`*3\r\n$7\r\nPUBLISH\r\n$6\r\nframes\r\n$${payload.length}\r\n`);
      publisher.write(payload);
      publisher.write("\r\n");
    },
    close: async () => {
      publisher.destroy();
      await Promise.all([redis, ws].map((each: RunningProcess) => each.kill()));
    },
  };
}
