// Time from a POST to the WebSocket frame that shows its event, on both logs.
//   node bench/latency.ts [--probes 200] [--logs embedded,kafka] [--dry]
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { type Bundle, bundleWorker } from "./helpers/bundle.ts";
import { DisturbanceWatch, QUIET_SHARE } from "./helpers/cpu.ts";
import { makeBodies, randomness } from "./helpers/events.ts";
import { postEvents } from "./helpers/load.ts";
import { type Freshet, type LogName, tryStartFreshet } from "./helpers/path.ts";
import { putMetric } from "./helpers/project.ts";
import { quantile, rounded, writeResult } from "./helpers/results.ts";
import { postProbe, PROBE_METRIC, ProbeWatch } from "./helpers/probe.ts";

/** The default tick, and the least there is: with that one, what is left is the way itself. */
const TICKS_MS = [200, 10];
/** Frames flow at every tick, as on a dashboard in use: a first event after silence would not wait for one. */
const BACKGROUND = { eventsPerRequest: 10, everyMs: 20 };
/** Probes come at times that are unrelated to ticks. */
const PAUSE_MS = { least: 30, most: 250 };
const PROBE_TIMEOUT_MS = 10_000;
const WARM_UP_PROBES = 30;

export interface LatencyResult {
  background: typeof BACKGROUND;
  cases: Case[];
}

const { values: options } = parseArgs({
  options: {
    probes: { type: "string", default: "200" },
    logs: { type: "string", default: "embedded,kafka" },
    dry: { type: "boolean", default: false },
  },
});

interface Case {
  log: LogName;
  tickMs: number;
  probes: number;
  /** From the moment of sending the request to the frame, and to the request's own answer. */
  frameMs: { p50: number; p99: number };
  answerMs: { p50: number; p99: number };
  psiSome: number;
  othersCpu: number;
  noisy: boolean;
}

if (process.argv[1] === import.meta.filename) {
  const dir = mkdtempSync(join(tmpdir(), "freshet-bench-"));
  try {
    await main(dir);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

async function main(dir: string): Promise<void> {
  const bundle = await bundleWorker(join(dir, "bundle"));
  const cases: Case[] = [];
  for (const log of options.logs.split(",") as LogName[]) {
    for (const tickMs of TICKS_MS) {
      const measured = await measureCase(log, tickMs, join(dir, `${log}-${tickMs}`), bundle);
      if (measured === undefined) continue;
      cases.push(measured);
      process.stdout.write(`${JSON.stringify(measured)}\n`);
    }
  }
  const result: LatencyResult = { background: BACKGROUND, cases };
  if (!options.dry) process.stdout.write(`wrote results/${writeResult("latency", result)}\n`);
}

async function measureCase(
  log: LogName,
  tickMs: number,
  dir: string,
  bundle: Bundle,
): Promise<Case | undefined> {
  const settings = { LIVE_TICK_MS: String(tickMs) };
  const freshet = await tryStartFreshet(log, dir, bundle, settings);
  if (freshet === undefined) return undefined;
  try {
    await putMetric(freshet.url, PROBE_METRIC);
    return await measureServer(freshet, tickMs);
  } finally {
    await freshet.close();
  }
}

async function measureServer(freshet: Freshet, tickMs: number): Promise<Case> {
  const stop = new AbortController();
  const background = postBackground(freshet.port, stop.signal);
  const watch = await ProbeWatch.open(freshet.url);
  try {
    const measured = probeServer(freshet, tickMs, watch);
    // The background ends only when it fails, or when it is told to.
    await Promise.race([measured, background]);
    return await measured;
  } finally {
    stop.abort();
    watch.close();
    await background;
  }
}

async function probeServer(freshet: Freshet, tickMs: number, watch: ProbeWatch): Promise<Case> {
  const random = randomness(tickMs);
  const count = Number(options.probes);
  await probe(freshet.url, watch, WARM_UP_PROBES, 0, random);
  const disturbance = new DisturbanceWatch([freshet.pid, ...(freshet.broker ? [freshet.broker.pid] : [])]);
  const times = await probe(freshet.url, watch, count, WARM_UP_PROBES, random);
  const { psiSome, othersCpu } = disturbance.end();
  return {
    log: freshet.eventLog,
    tickMs,
    probes: count,
    frameMs: spread(times.map(({ frameMs }) => frameMs)),
    answerMs: spread(times.map(({ answerMs }) => answerMs)),
    psiSome,
    othersCpu,
    noisy: othersCpu > QUIET_SHARE,
  };
}

async function probe(
  url: string,
  watch: ProbeWatch,
  count: number,
  from: number,
  random: () => number,
): Promise<{ frameMs: number; answerMs: number }[]> {
  const times: { frameMs: number; answerMs: number }[] = [];
  for (let i = 1; i <= count; i++) {
    await sleep(PAUSE_MS.least + random() * (PAUSE_MS.most - PAUSE_MS.least));
    const seen = watch.seen(from + i, PROBE_TIMEOUT_MS);
    const startMs = performance.now();
    const [frameAtMs, answerAtMs] = await Promise.all([seen, postProbe(url, from + i)]);
    times.push({ frameMs: frameAtMs - startMs, answerMs: answerAtMs - startMs });
  }
  return times;
}

async function postBackground(port: number, stop: AbortSignal): Promise<void> {
  const bodies = makeBodies(4, BACKGROUND.eventsPerRequest);
  while (!stop.aborted) {
    let sent = false;
    await postEvents({ port, connections: 1, bodies, goOn: () => !sent && (sent = true) });
    await sleep(BACKGROUND.everyMs);
  }
}

function spread(values: number[]): { p50: number; p99: number } {
  return { p50: rounded(quantile(values, 0.5)), p99: rounded(quantile(values, 0.99)) };
}
