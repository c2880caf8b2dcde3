// The dashboard in Chromium: script for each tick, frames, heap, and the time from an event to its pixels.
//   node bench/dashboard.ts [--seconds 20] [--heap-minutes 3] [--probes 120] [--rate 50000] [--logs embedded,kafka] [--dry]
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { type Browser, type CDPSession, chromium, type Page } from "playwright-core";
import { buildSite } from "../tools/server/site.ts";
import { chromiumPath } from "../tools/services/chromium.ts";
import { bundleWorker } from "./helpers/bundle.ts";
import { DisturbanceWatch, QUIET_SHARE, type Disturbance } from "./helpers/cpu.ts";
import { type DashboardLoad, DashboardServer } from "./helpers/dashboard-server.ts";
import { measurePixels, type PixelCase } from "./helpers/pixels.ts";
import type { LogName } from "./helpers/path.ts";
import { median, rounded, writeResult } from "./helpers/results.ts";
import { siteSizes, type SiteSizes } from "./helpers/site-size.ts";

const { values: options } = parseArgs({
  options: {
    seconds: { type: "string", default: "20" },
    "heap-minutes": { type: "string", default: "3" },
    probes: { type: "string", default: "120" },
    rate: { type: "string", default: "50000" },
    logs: { type: "string", default: "embedded" },
    dry: { type: "boolean", default: false },
  },
});

const BROWSER_ARGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  // A page whose files come from the disk may else open no socket to this machine.
  "--disable-features=LocalNetworkAccessChecks",
];
const TICKS = 4;
/** 60 series of 600 points: in one chart, and as a dashboard would show them. */
const SCRIPT_LOADS: DashboardLoad[] = [
  { panels: 1, seriesEach: 60, points: 600, ticks: TICKS },
  { panels: 6, seriesEach: 10, points: 600, ticks: TICKS },
];
const FRAME_LOAD: DashboardLoad = { panels: 20, seriesEach: 10, points: 300, ticks: TICKS };
/** A short range, so that points leave as fast as they come from the first minute on. */
const HEAP_LOAD: DashboardLoad = { panels: 6, seriesEach: 10, points: 60, ticks: TICKS };
const HEAP_WARM_UP_MS = 90_000;
const HEAP_SAMPLE_MS = 20_000;
const WARM_UP_MS = 6_000;
/** Tall enough for 20 panels: what is not seen is not drawn. */
const VIEWPORT = { width: 1920, height: 1400 };
const LATE_FRAME_MS = 25;

interface Noise extends Disturbance {
  noisy: boolean;
}

interface ScriptCase extends Noise {
  scriptMsPerTick: number;
  allMsPerTick: number;
  ticks: number;
}

export interface DashboardResult {
  sizes: SiteSizes | undefined;
  /** The least that drawing the same lines takes: 60 of 600 points on one canvas, by nothing but canvas calls. */
  bare: ScriptCase;
  script: (ScriptCase & { load: DashboardLoad })[];
  frames: Noise & {
    load: DashboardLoad;
    seconds: number;
    framesPerSecond: number;
    /** The same of an empty page before and after: what the browser and the machine give. */
    emptyFramesPerSecond: number;
    lateShare: number;
    emptyLateShare: number;
    longTasks: number;
    /** CPU time of the page's main thread, as a share of the time. */
    mainThreadShare: number;
  };
  heap: { load: DashboardLoad; minutes: number; samplesMiB: number[]; kibPerMinute: number };
  pixels: (Noise & PixelCase)[];
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
  await buildSite((line) => process.stdout.write(`${line}\n`));
  const browser = await chromium.launch({
    executablePath: await chromiumPath(),
    args: BROWSER_ARGS,
  });
  try {
    const result: DashboardResult = {
      sizes: siteSizes(),
      bare: await measureBare(browser),
      script: [],
      frames: await measureFrames(browser),
      heap: { load: HEAP_LOAD, minutes: 0, samplesMiB: [], kibPerMinute: 0 },
      pixels: [],
    };
    say("bare", result.bare);
    say("frames", result.frames);
    for (const load of SCRIPT_LOADS) result.script.push(await measureScript(browser, load));
    say("script", result.script);
    result.heap = await measureHeap(browser);
    say("heap", result.heap);
    const bundle = await bundleWorker(join(dir, "bundle"));
    for (const log of options.logs.split(",") as LogName[]) {
      const watch = new DisturbanceWatch([process.pid]);
      const aim = { probes: Number(options.probes), eventsPerSecond: Number(options.rate) };
      const measured = await measurePixels(browser, log, join(dir, log), bundle, aim);
      if (measured !== undefined) result.pixels.push({ ...measured, ...noise(watch) });
    }
    say("pixels", result.pixels);
    if (!options.dry) process.stdout.write(`wrote results/${writeResult("dashboard", result)}\n`);
  } finally {
    await browser.close();
  }
}

function say(name: string, value: unknown): void {
  process.stdout.write(`${name} ${JSON.stringify(value)}\n`);
}

/** Others' share of the machine includes the browser's own here: marked where it was high, and no more. */
function noise(watch: DisturbanceWatch): Noise {
  const { psiSome, othersCpu } = watch.end();
  return { psiSome, othersCpu, noisy: othersCpu > QUIET_SHARE };
}

async function openDashboard(
  browser: Browser,
  load: DashboardLoad,
): Promise<{ page: Page; close: () => Promise<void> }> {
  const server = new DashboardServer(load);
  const url = await server.start();
  const page = await browser.newPage({ viewport: VIEWPORT });
  await page.goto(`${url}/d/bench`);
  await page
    .locator("canvas")
    .nth(load.panels - 1)
    .waitFor();
  await sleep(WARM_UP_MS);
  const close = async (): Promise<void> => {
    await page.close();
    server.close();
  };
  return { page, close };
}

async function measureScript(
  browser: Browser,
  load: DashboardLoad,
): Promise<DashboardResult["script"][number]> {
  const { page, close } = await openDashboard(browser, load);
  const measured = await scriptOf(page);
  await close();
  return { load, ...measured };
}

async function measureBare(browser: Browser): Promise<ScriptCase> {
  const page = await browser.newPage({ viewport: VIEWPORT });
  await page.setContent("<canvas width=1800 height=600></canvas>");
  await page.evaluate(drawBareLines, 1_000 / TICKS);
  await sleep(WARM_UP_MS);
  const measured = await scriptOf(page);
  await page.close();
  return measured;
}

function drawBareLines(everyMs: number): void {
  const ctx = document.querySelector("canvas")?.getContext("2d");
  const lines = Array.from({ length: 60 }, (_, line) =>
    Array.from({ length: 600 }, (_value, i) => 300 + Math.sin(i / 60 + line) * 200 + ((i + line * 7) % 5)),
  );
  const draw = (): void => {
    ctx?.clearRect(0, 0, 1_800, 600);
    for (const line of lines) {
      const path = new Path2D();
      for (const [i, top] of line.entries()) path.lineTo(i * 3, top);
      ctx?.stroke(path);
    }
  };
  setInterval(() => requestAnimationFrame(draw), everyMs);
}

/**
 * CPU time of the page's main thread for each tick. Script is all JavaScript; all is everything: styles, layout, painting,
 * collecting garbage.
 */
async function scriptOf(page: Page): Promise<ScriptCase> {
  const session = await page.context().newCDPSession(page);
  await session.send("Performance.enable", { timeDomain: "threadTicks" });
  const watch = new DisturbanceWatch([process.pid]);
  const before = await metrics(session);
  const ticks = Number(options.seconds) * TICKS;
  await sleep((ticks / TICKS) * 1_000);
  const after = await metrics(session);
  const perTick = (name: string): number =>
    rounded((((after[name] ?? 0) - (before[name] ?? 0)) * 1_000) / ticks);
  return {
    scriptMsPerTick: perTick("ScriptDuration"),
    allMsPerTick: perTick("TaskDuration"),
    ticks,
    ...noise(watch),
  };
}

async function metrics(session: CDPSession): Promise<Record<string, number>> {
  const answer = await session.send("Performance.getMetrics");
  return Object.fromEntries(answer.metrics.map(({ name, value }) => [name, value]));
}

async function measureFrames(browser: Browser): Promise<DashboardResult["frames"]> {
  const seconds = Number(options.seconds);
  const emptyBefore = await countEmptyFrames(browser, seconds / 2);
  const { page, close } = await openDashboard(browser, FRAME_LOAD);
  const watch = new DisturbanceWatch([process.pid]);
  const [{ frames, longTasks }, { allMsPerTick }] = await Promise.all([
    countFrames(page, seconds),
    scriptOf(page),
  ]);
  const disturbed = noise(watch);
  await close();
  const empty = [...emptyBefore, ...(await countEmptyFrames(browser, seconds / 2))];
  return {
    load: FRAME_LOAD,
    seconds,
    framesPerSecond: rate(frames),
    emptyFramesPerSecond: rate(empty),
    lateShare: lateShare(frames),
    emptyLateShare: lateShare(empty),
    longTasks,
    mainThreadShare: rounded((allMsPerTick * TICKS) / 1_000),
    ...disturbed,
  };
}

async function countEmptyFrames(browser: Browser, seconds: number): Promise<number[]> {
  const page = await browser.newPage({ viewport: VIEWPORT });
  await page.setContent("<p>Nothing</p>");
  const { frames } = await countFrames(page, seconds);
  await page.close();
  return frames;
}

/** The distances of the page's frames in ms, and how many tasks took longer than 50 ms. */
function countFrames(page: Page, seconds: number): Promise<{ frames: number[]; longTasks: number }> {
  return page.evaluate(async (forMs) => {
    let longTasks = 0;
    new PerformanceObserver((list) => (longTasks += list.getEntries().length)).observe({ type: "longtask" });
    const frames: number[] = [];
    const start = performance.now();
    let last: number | undefined;
    for (let now = start; now - start < forMs;) {
      now = await new Promise<number>((settle) => requestAnimationFrame(settle));
      if (last !== undefined) frames.push(now - last);
      last = now;
    }
    return { frames, longTasks };
  }, seconds * 1_000);
}

function rate(frames: readonly number[]): number {
  return rounded((frames.length * 1_000) / frames.reduce((sum, ms) => sum + ms, 0));
}

function lateShare(frames: readonly number[]): number {
  return rounded(frames.filter((ms) => ms > LATE_FRAME_MS).length / frames.length);
}

/** The heap after collecting garbage, and by how much it grows: the slope of the middle of all pairs (Theil and Sen). */
async function measureHeap(browser: Browser): Promise<DashboardResult["heap"]> {
  const minutes = Number(options["heap-minutes"]);
  const { page, close } = await openDashboard(browser, HEAP_LOAD);
  const session = await page.context().newCDPSession(page);
  await session.send("Performance.enable");
  await sleep(HEAP_WARM_UP_MS);
  const samples: { atMs: number; bytes: number }[] = [];
  for (const endMs = Date.now() + minutes * 60_000; Date.now() <= endMs; await sleep(HEAP_SAMPLE_MS)) {
    await session.send("HeapProfiler.collectGarbage");
    samples.push({ atMs: Date.now(), bytes: (await metrics(session))["JSHeapUsedSize"] ?? 0 });
  }
  await close();
  const slopes = samples.flatMap((a, i) =>
    samples.slice(i + 1).map((b) => ((b.bytes - a.bytes) / (b.atMs - a.atMs)) * 60_000),
  );
  return {
    load: HEAP_LOAD,
    minutes,
    samplesMiB: samples.map(({ bytes }) => rounded(bytes / 2 ** 20)),
    kibPerMinute: rounded(median(slopes) / 1_024),
  };
}
