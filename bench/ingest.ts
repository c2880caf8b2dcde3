// CPU for each event over the whole path, HTTP → log → windows, beside a bare JSON.parse of the same bytes.
//   node bench/ingest.ts [--pairs 3] [--logs embedded,kafka] [--sizes 1,100,1000] [--dry]
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { type Bundle, bundleWorker } from "./helpers/bundle.ts";
import { type Disturbance, DisturbanceWatch, processCpuMs, QUIET_SHARE } from "./helpers/cpu.ts";
import { EVENT_BYTES, type EventBody, makeBodies } from "./helpers/events.ts";
import { postEvents } from "./helpers/load.ts";
import { parseInNode, parseInWorkerd, startParser } from "./helpers/parse.ts";
import { type Freshet, type LogName, tryStartFreshet } from "./helpers/path.ts";
import { awaitCounted } from "./helpers/project.ts";
import { median, rounded, writeResult } from "./helpers/results.ts";
import { type SiteSize, siteSize } from "./helpers/site-size.ts";
import type { Server } from "./helpers/workerd.ts";

/** The clock of `/proc` steps by 10 ms: this much makes a step half a percent. */
const SAMPLE_CPU_MS = 2_000;
const WARM_UP_CPU_MS = 2_000;
/** Few events a request come from many clients at once. */
const CONNECTIONS: Record<number, number> = { 1: 64, 100: 16, 1_000: 8 };

const { values: options } = parseArgs({
  options: {
    pairs: { type: "string", default: "3" },
    logs: { type: "string", default: "embedded,kafka" },
    sizes: { type: "string", default: "1,100,1000" },
    dry: { type: "boolean", default: false },
  },
});

interface Sample extends Disturbance {
  usPerEvent: number;
  wallUsPerEvent: number;
}

/** A server, and how many events it has taken since its start: all of them must be in its windows. */
interface Subject {
  freshet: Freshet;
  sinceMs: number;
  accepted: number;
}

interface Case {
  log: LogName;
  eventsPerRequest: number;
  connections: number;
  cpuUsPerEvent: number;
  ratio: number;
  ratios: number[];
  wallUsPerEvent: number;
  psiSome: number;
  othersCpu: number;
  noisy: boolean;
}

/** CPU µs an event of nothing but `JSON.parse`. */
interface BareParse {
  eventsPerRequest: number;
  workerdUsPerEvent: number;
  nodeUsPerEvent: number;
}

export interface IngestResult {
  eventBytes: number;
  bundle: { bytes: number; gzipBytes: number };
  site: SiteSize | undefined;
  parse: BareParse[];
  cases: Case[];
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
  const parser = await startParser(join(dir, "parser"));
  const subjects = await startSubjects(dir, bundle);
  const cases: Case[] = [];
  const parse: BareParse[] = [];
  for (const size of options.sizes.split(",").map(Number)) {
    const { samples, parses } = await measure(size, parser, subjects);
    for (const [log, pairs] of samples) cases.push(summary(log, size, pairs));
    const bodies = makeBodies(bodyCount(size), size);
    parse.push({
      eventsPerRequest: size,
      workerdUsPerEvent: rounded(median(parses)),
      nodeUsPerEvent: rounded(parseInNode(bodies, SAMPLE_CPU_MS / 2)),
    });
    process.stdout.write(`${JSON.stringify({ parse: parse.at(-1), cases: cases.slice(-samples.size) })}\n`);
  }
  for (const { freshet } of subjects) await freshet.close();
  await parser.kill();
  const { bytes, gzipBytes } = bundle;
  const sizes = { bundle: { bytes, gzipBytes }, site: siteSize() };
  const result: IngestResult = { eventBytes: EVENT_BYTES, ...sizes, parse, cases };
  if (!options.dry) process.stdout.write(`wrote results/${writeResult("ingest", result)}\n`);
}

async function startSubjects(dir: string, bundle: Bundle): Promise<Subject[]> {
  const subjects: Subject[] = [];
  for (const log of options.logs.split(",") as LogName[]) {
    const freshet = await tryStartFreshet(log, join(dir, log), bundle);
    if (freshet) subjects.push({ freshet, sinceMs: Date.now() - 10_000, accepted: 0 });
  }
  return subjects;
}

interface Pair {
  sample: Sample;
  /** Against the mean of the parses just before and just after. */
  ratio: number;
}

/** Parse, path, parse, path, … in turn, so that what slows the machine for a while slows both. */
async function measure(
  size: number,
  parser: Server,
  subjects: Subject[],
): Promise<{ samples: Map<LogName, Pair[]>; parses: number[] }> {
  const bodies = makeBodies(bodyCount(size), size);
  for (const subject of subjects) await sampleOf(subject, bodies, size, WARM_UP_CPU_MS);
  await parseInWorkerd(parser, bodies, WARM_UP_CPU_MS / 4);
  const samples = new Map<LogName, Pair[]>(subjects.map(({ freshet }) => [freshet.eventLog, []]));
  const parses = [await parseInWorkerd(parser, bodies, SAMPLE_CPU_MS)];
  for (let pair = 0; pair < Number(options.pairs); pair++) {
    for (const subject of subjects) {
      const sample = await sampleOf(subject, bodies, size, SAMPLE_CPU_MS);
      const before = parses.at(-1) ?? Number.NaN;
      const after = await parseInWorkerd(parser, bodies, SAMPLE_CPU_MS);
      parses.push(after);
      samples
        .get(subject.freshet.eventLog)
        ?.push({ sample, ratio: sample.usPerEvent / ((before + after) / 2) });
    }
  }
  return { samples, parses };
}

/** Posts until the server has used `leastCpuMs`, then waits for its windows to hold every event. */
async function sampleOf(
  subject: Subject,
  bodies: EventBody[],
  size: number,
  leastCpuMs: number,
): Promise<Sample> {
  const { pid, port, url, broker } = subject.freshet;
  const watch = new DisturbanceWatch(broker ? [pid, broker.pid] : [pid]);
  const startMs = performance.now();
  const startCpuMs = processCpuMs(pid);
  const { accepted } = await postEvents({
    port,
    connections: connectionsFor(size),
    bodies,
    goOn: () => processCpuMs(pid) - startCpuMs < leastCpuMs,
  });
  subject.accepted += accepted;
  await awaitCounted(url, subject.sinceMs, subject.accepted);
  return {
    usPerEvent: ((processCpuMs(pid) - startCpuMs) * 1_000) / accepted,
    wallUsPerEvent: ((performance.now() - startMs) * 1_000) / accepted,
    ...watch.end(),
  };
}

function summary(log: LogName, eventsPerRequest: number, pairs: Pair[]): Case {
  const of = (pick: (pair: Pair) => number): number => median(pairs.map(pick));
  const othersCpu = of(({ sample }) => sample.othersCpu);
  return {
    log,
    eventsPerRequest,
    connections: connectionsFor(eventsPerRequest),
    cpuUsPerEvent: rounded(of(({ sample }) => sample.usPerEvent)),
    ratio: rounded(of(({ ratio }) => ratio)),
    ratios: pairs.map(({ ratio }) => rounded(ratio)),
    wallUsPerEvent: rounded(of(({ sample }) => sample.wallUsPerEvent)),
    psiSome: of(({ sample }) => sample.psiSome),
    othersCpu,
    noisy: othersCpu > QUIET_SHARE,
  };
}

function connectionsFor(size: number): number {
  return CONNECTIONS[size] ?? 16;
}

function bodyCount(size: number): number {
  return Math.max(2 * connectionsFor(size), 16);
}
