// What a frame costs to each of many WebSockets, beside a bare hub that only sends, and beside ws on Node fed by Redis.
//   node bench/fanout.ts [--sockets 1000,10000] [--settle 65] [--seconds 32] [--rounds 2] [--dry]
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { encodeFrame } from "../protocol/live-binary.ts";
import type { DeltaMessage } from "../protocol/live.ts";
import type { Group } from "../protocol/series.ts";
import { type Bundle, bundleWorker } from "./helpers/bundle.ts";
import { DisturbanceWatch, processCpuMs, QUIET_SHARE } from "./helpers/cpu.ts";
import { Crowd, type CrowdSeen, type CrowdTick } from "./helpers/crowd.ts";
import {
  bareHub,
  freshet,
  GROUPS,
  type LiveProtocol,
  METRIC,
  redisAndWs,
  SUBSCRIBE,
  type Target,
} from "./helpers/fanout-targets.ts";
import { quantile, rounded, writeResult } from "./helpers/results.ts";
import { openSlowClient } from "./helpers/slow-client.ts";

const TICK_MS = 250;
const OPENED_MS = 2_000;
const SPARE_FILES = 200;

const { values: options } = parseArgs({
  options: {
    sockets: { type: "string", default: "1000,10000" },
    // Clients that are asked to say what they have taken: as they are all day after a minute, then after every 128 frames.
    settle: { type: "string", default: "65" },
    seconds: { type: "string", default: "32" },
    rounds: { type: "string", default: "2" },
    dry: { type: "boolean", default: false },
  },
});

export interface FanoutCase {
  server: LiveProtocol | "bare hub" | "ws and Redis";
  /** Whose frames a bare hub sends, or ws does. */
  frames: LiveProtocol;
  sockets: number;
  round: number;
  /** Of all the server's processes, for each frame that reached a client. */
  cpuUsPerMessage: number;
  /** Payload bytes of a frame. */
  bytesPerFrame: number;
  messages: number;
  /** Frames that each client should have had, and the share that they had. */
  ticks: number;
  delivered: number;
  /** From the first client that has a frame to the last one, ms. */
  spreadMs: { p50: number; p99: number };
  psiSome: number;
  othersCpu: number;
  noisy: boolean;
}

/** A thousand clients beside one that reads a byte a second. */
export interface SlowCase {
  frames: LiveProtocol;
  withSlow: boolean;
  spreadMs: { p50: number; p99: number };
  delivered: number;
}

export interface FanoutResult {
  tickMs: number;
  groups: number;
  cases: FanoutCase[];
  slow: SlowCase[];
  bytes: { naive: number; v1: number; v2: number };
}

if (process.argv[1] === import.meta.filename) {
  const dir = mkdtempSync(join(tmpdir(), "freshet-fanout-"));
  try {
    await main(dir);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

/** As many as the machine lets workerd have: it keeps two file descriptors for each. */
function withinLimit(sockets: number): number {
  const limit = Number(
    execFileSync("/bin/sh", ["-c", "ulimit -n 65536 2>/dev/null; ulimit -n"], { encoding: "utf8" }),
  );
  const most = Math.floor((limit - SPARE_FILES) / 2);
  if (sockets > most)
    process.stdout.write(`${sockets} sockets need more than ${limit} files: ${most} instead\n`);
  return Math.min(sockets, most);
}

async function main(dir: string): Promise<void> {
  const bundle = await bundleWorker(join(dir, "bundle"));
  const cases: FanoutCase[] = [];
  const frames = new Map<string, Buffer>();
  for (const sockets of options.sockets.split(",").map((count) => withinLimit(Number(count)))) {
    for (let round = 1; round <= Number(options.rounds); round++) {
      for (const kind of ["freshet.v1", "freshet.v2"] as const) {
        const own = await measure(kind, kind, sockets, round, () =>
          freshet(join(dir, `${cases.length}`), bundle, kind),
        );
        cases.push(own.measured);
        frames.set(kind, own.frame);
        const bare = await measure("bare hub", kind, sockets, round, () =>
          bareHub(join(dir, `${cases.length}`), own.frame, kind),
        );
        cases.push(bare.measured);
      }
      const frame = frames.get("freshet.v1") ?? Buffer.alloc(0);
      const redis = await measure("ws and Redis", "freshet.v1", sockets, round, () =>
        redisAndWs(join(dir, `${cases.length}`), frame),
      );
      cases.push(redis.measured);
    }
  }
  const slow = [
    ...(await slowCases(dir, bundle, "freshet.v1")),
    ...(await slowCases(dir, bundle, "freshet.v2")),
  ];
  const result: FanoutResult = {
    tickMs: TICK_MS,
    groups: GROUPS,
    cases,
    slow,
    bytes: sizes(frames.get("freshet.v1")),
  };
  process.stdout.write(`${JSON.stringify(result.bytes)}\n`);
  if (!options.dry) process.stdout.write(`wrote results/${writeResult("fanout", result)}\n`);
}

async function measure(
  server: FanoutCase["server"],
  frames: FanoutCase["frames"],
  sockets: number,
  round: number,
  start: () => Promise<Target>,
): Promise<{ measured: FanoutCase; frame: Buffer }> {
  const target = await start();
  try {
    const crowd = await openCrowd(target, sockets);
    await sleep(OPENED_MS);
    await publishFor(target, target.crowd.acks ? Number(options.settle) * 1_000 : OPENED_MS, 0);
    await crowd.count();
    const disturbance = new DisturbanceWatch([...target.pids, crowd.pid]);
    const beforeMs = cpuOf(target);
    await publishFor(target, Number(options.seconds) * 1_000, 1_000);
    await sleep(TICK_MS * 2);
    const cpuMs = cpuOf(target) - beforeMs;
    const { psiSome, othersCpu } = disturbance.end();
    const seen = await crowd.end();
    const messages = seen.ticks.reduce((sum, { clients }) => sum + clients, 0);
    const measured: FanoutCase = {
      server,
      frames,
      sockets,
      round,
      cpuUsPerMessage: rounded((cpuMs * 1_000) / messages),
      bytesPerFrame: rounded(seen.payloadBytes / messages),
      messages,
      ...reachOf(seen, sockets),
      psiSome,
      othersCpu,
      noisy: othersCpu > QUIET_SHARE,
    };
    process.stdout.write(`${JSON.stringify(measured)}\n`);
    return { measured, frame: Buffer.from(seen.last, "base64") };
  } finally {
    await target.close();
  }
}

async function openCrowd({ crowd }: Target, sockets: number): Promise<Crowd> {
  return Crowd.open({ ...crowd, count: sockets });
}

async function publishFor({ publish }: Target, ms: number, firstTick: number): Promise<void> {
  const startMs = performance.now();
  for (let tick = 0; tick * TICK_MS < ms; tick++) {
    await sleep(Math.max(0, startMs + tick * TICK_MS - performance.now()));
    await publish(firstTick + tick);
  }
}

function cpuOf({ pids }: Target): number {
  return pids.reduce((sum, pid) => sum + processCpuMs(pid), 0);
}

/** A frame that came merged for some is another one than the others had: only shared ones have a spread. */
function reachOf(
  { ticks }: CrowdSeen,
  sockets: number,
): Pick<FanoutCase, "ticks" | "delivered" | "spreadMs"> {
  const shared = ticks.filter(({ clients }) => clients > sockets / 2);
  const spreads = shared.map(({ firstMs, lastMs }: CrowdTick) => lastMs - firstMs);
  const delivered = ticks.reduce((sum, { clients }) => sum + clients, 0) / (shared.length * sockets);
  return {
    ticks: shared.length,
    delivered: rounded(delivered, 4),
    spreadMs: { p50: rounded(quantile(spreads, 0.5)), p99: rounded(quantile(spreads, 0.99)) },
  };
}

async function slowCases(dir: string, bundle: Bundle, protocol: LiveProtocol): Promise<SlowCase[]> {
  const cases: SlowCase[] = [];
  const target = await freshet(join(dir, `slow-${protocol}`), bundle, protocol);
  try {
    for (const withSlow of [false, true]) {
      const { port, path } = target.crowd;
      const end = withSlow ? await openSlowClient(port, path, protocol, SUBSCRIBE) : undefined;
      const crowd = await openCrowd(target, 1_000);
      await publishFor(target, OPENED_MS, 0);
      await crowd.count();
      await publishFor(target, Number(options.seconds) * 1_000, 1_000);
      await sleep(TICK_MS * 2);
      const { spreadMs, delivered } = reachOf(await crowd.end(), 1_000);
      end?.();
      cases.push({ frames: protocol, withSlow, spreadMs, delivered });
      process.stdout.write(`${JSON.stringify(cases.at(-1))}\n`);
    }
  } finally {
    await target.close();
  }
  return cases;
}

/** Bytes a point of one frame in each form, and of the same points as a list of objects that each say everything. */
function sizes(frame: Buffer | undefined): FanoutResult["bytes"] {
  const message = JSON.parse(frame?.toString() ?? "{}") as DeltaMessage;
  const states = ["provisional", "final", "revised", "sealed"];
  const naive = message.series.flatMap(({ group, t, v, s }) =>
    t.map((end, i) => ({ metric: METRIC, ...group, time: end, value: v[i], state: states[s[i] ?? 0] })),
  );
  const groups = new Map<Group, number>(message.series.map(({ group }, i) => [group, i]));
  const numbers = { generation: 2 ** 20, numberOf: (group: Group) => groups.get(group) ?? 0, named: [] };
  return {
    naive: rounded(Buffer.byteLength(JSON.stringify(naive)) / naive.length),
    v1: rounded((frame?.length ?? 0) / naive.length),
    v2: rounded(encodeFrame(message, numbers).length / naive.length),
  };
}
