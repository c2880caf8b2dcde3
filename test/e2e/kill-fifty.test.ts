import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Event } from "../../protocol/event.ts";
import type { MetricSource } from "../../protocol/metric.ts";
import { POINT_STATE, type QueryAnswer } from "../../protocol/series.ts";
import { seededRandom } from "../../tools/demo/randomness.ts";
import type { Kafka } from "../../tools/services/kafka.ts";
import { startKafka } from "../../tools/services/kafka.ts";
import { ServiceUnavailableError } from "../../tools/services/processes.ts";
import { Freshet } from "../helpers/freshet.ts";
import { bruteForce, differences, type OracleMetric, pointsOf } from "../oracle/brute-force.ts";

const SEED = Number(process.env["FRESHET_SEED"] ?? Date.now() % 1_000_000);
const KILLS = 50;
const SENDERS = 8;
const EVENT = "shot";
const GROUPS = 5;
/** How far events of one batch lie behind the clock when they are first sent. */
const OLDEST_MS = 2_000;
const LATENESS_MS = 20_000;
const DELAY_MS = 1_000;
/** No kill while a batch is older than this: the test is of crashes, so that no honest event may be late. */
const PATIENCE_MS = 6_000;
/** Kills after which the supervisor starts all anew come no oftener: it gives up at the sixth start within a minute. */
const HARD_KILL_EVERY_MS = 15_000;
/** Past the last window's end: lateness, delay, and the silence after which a partition is idle. */
const SEALED_WITHIN_MS = LATENESS_MS + DELAY_MS + 5_000 + 20_000;

/** Two minutes on two quiet cores, three on busy ones. */
const TEST_MS = 420_000;

/** Values are quarters, so that sums are exact in any order. */
const FOLDS: Record<string, (values: number[]) => number> = {
  count: (values) => values.length,
  "sum(value)": (values) => values.reduce((sum, value) => sum + value, 0),
  "min(value)": (values) => Math.min(...values),
  "max(value)": (values) => Math.max(...values),
  "avg(value)": (values) => values.reduce((sum, value) => sum + value, 0) / values.length,
};

interface Tested {
  name: string;
  aggregate: string;
  sizeMs: number;
  everyMs: number;
  groupBy: string[];
}

const METRICS: Tested[] = [
  { name: "fifty_count", aggregate: "count", sizeMs: 1_000, everyMs: 1_000, groupBy: ["group"] },
  { name: "fifty_sum", aggregate: "sum(value)", sizeMs: 2_000, everyMs: 2_000, groupBy: [] },
  { name: "fifty_min", aggregate: "min(value)", sizeMs: 1_000, everyMs: 1_000, groupBy: ["group"] },
  { name: "fifty_max", aggregate: "max(value)", sizeMs: 5_000, everyMs: 5_000, groupBy: ["group", "side"] },
  { name: "fifty_avg", aggregate: "avg(value)", sizeMs: 5_000, everyMs: 5_000, groupBy: ["side"] },
  { name: "fifty_sliding", aggregate: "count", sizeMs: 10_000, everyMs: 1_000, groupBy: ["group"] },
  { name: "fifty_sliding_sum", aggregate: "sum(value)", sizeMs: 10_000, everyMs: 1_000, groupBy: [] },
];

function source({ name, aggregate, sizeMs, everyMs, groupBy }: Tested): MetricSource {
  const size = `${sizeMs}ms`;
  const window: MetricSource["window"] =
    sizeMs === everyMs ? { type: "tumbling", size } : { type: "sliding", size, every: `${everyMs}ms` };
  const times = { delay: `${DELAY_MS}ms`, lateness: `${LATENESS_MS}ms` };
  return { name, event: EVENT, aggregate, window, groupBy, ...times };
}

function oracle({ aggregate, sizeMs, everyMs, groupBy }: Tested): OracleMetric {
  const valueOf = (event: Event) => (aggregate === "count" ? 1 : event.value);
  const fold = FOLDS[aggregate] ?? (() => Number.NaN);
  return { event: EVENT, sizeMs, everyMs, groupBy, valueOf, fold };
}

/** Clients that send small batches, and now and then one of several records, until they are told to stop. */
class Senders {
  /** Events of all batches that were acknowledged. */
  readonly accepted: Event[] = [];
  batches = 0;
  retries = 0;
  repeats = 0;
  /** The greatest age at which an event was acknowledged. */
  oldestMs = 0;
  readonly #freshet: Freshet;
  /** Batches on their way, with the `ts` of their oldest event. */
  readonly #pending = new Map<string, number>();
  readonly #repeating: Promise<unknown>[] = [];
  #stopped = false;

  constructor(freshet: Freshet) {
    this.#freshet = freshet;
  }

  /** Sends until {@link stop}, and then until all is acknowledged. */
  async run(): Promise<void> {
    await Promise.all(Array.from({ length: SENDERS }, (_, sender) => this.#send(sender)));
    await Promise.all(this.#repeating);
  }

  stop(): void {
    this.#stopped = true;
  }

  /** How old the oldest event is that is not acknowledged. */
  pendingMs(): number {
    return Date.now() - Math.min(Date.now(), ...this.#pending.values());
  }

  async #send(sender: number): Promise<void> {
    const random = seededRandom(SEED * SENDERS + sender);
    for (let number = 0; !this.#stopped; number++) {
      const isLarge = number % 100 === 10 * sender + 1;
      const events = isLarge ? largeBatch(random) : smallBatch(random);
      const id = `${sender}-${number}`;
      const body = events.map((event) => JSON.stringify(event)).join("\n");
      const first = this.#deliver(id, body, events);
      if (number % 8 === 7) this.#repeat(id, body, first, random());
      await first;
      await sleep(random() * 120);
    }
  }

  async #deliver(id: string, body: string, events: Event[]): Promise<void> {
    const oldestTs = Math.min(...events.map(({ ts }) => ts));
    this.#pending.set(id, oldestTs);
    const { accepted, tries } = await this.#freshet.post(id, body);
    this.#pending.delete(id);
    if (accepted !== events.length) throw new Error(`${accepted} of ${events.length} events were accepted`);
    this.oldestMs = Math.max(this.oldestMs, Date.now() - oldestTs);
    this.accepted.push(...events);
    this.batches++;
    this.retries += tries - 1;
  }

  /** Sends the batch again: beside the first copy, right after it, or so much later that it meets another life. */
  #repeat(id: string, body: string, first: Promise<void>, chance: number): void {
    const again = async () => {
      if (chance > 1 / 3) await first;
      if (chance > 2 / 3) await sleep(5_000);
      await this.#freshet.post(id, body);
      this.repeats++;
    };
    const repeating = again();
    this.#repeating.push(repeating);
    // It is awaited in the end: until then its failure is nobody's.
    repeating.catch(() => undefined);
  }
}

function smallBatch(random: () => number): Event[] {
  const nowMs = Date.now();
  return Array.from({ length: 1 + Math.floor(random() * 7) }, () => randomEvent(random, nowMs));
}

/** More than a record holds. */
function largeBatch(random: () => number): Event[] {
  const nowMs = Date.now();
  return Array.from({ length: 900 }, () => {
    const event = randomEvent(random, nowMs);
    return { ...event, props: { ...event.props, note: "x".repeat(1_000) } };
  });
}

function randomEvent(random: () => number, nowMs: number): Event {
  const ts = nowMs - Math.floor(random() * OLDEST_MS);
  const name = random() < 0.95 ? EVENT : "another";
  const props: Event["props"] = { group: `g${Math.floor(random() * GROUPS)}` };
  if (random() < 0.7) props["side"] = random() < 0.5 ? "left" : "right";
  const event: Event = { name, ts, props };
  if (random() < 0.9) event.value = Math.floor(random() * 8_000) / 4 - 500;
  return event;
}

/** Asks all the time for sealed points. What was told once as sealed must stay as it was told. */
class Watcher {
  readonly told = new Map<string, Map<string, number | null>>();
  readonly broken: string[] = [];
  readonly #freshet: Freshet;
  #stopped = false;

  constructor(freshet: Freshet) {
    this.#freshet = freshet;
  }

  async run(): Promise<void> {
    while (!this.#stopped) for (const metric of METRICS) await this.#watch(metric);
  }

  stop(): void {
    this.#stopped = true;
  }

  take(name: string, sealed: ReadonlyMap<string, number | null>): void {
    const told = this.told.get(name) ?? new Map<string, number | null>();
    this.told.set(name, told);
    for (const [point, value] of told) {
      if (sealed.get(point) !== value)
        this.broken.push(`${name} ${point} was ${value}, is ${sealed.get(point)}`);
    }
    for (const [point, value] of sealed) told.set(point, value);
  }

  async #watch({ name, groupBy }: Tested): Promise<void> {
    // It may be being started again.
    const answer = await ask(this.#freshet, name).catch(() => undefined);
    if (answer !== undefined) this.take(name, pointsOf(answer, groupBy, [POINT_STATE.sealed]));
    await sleep(150);
  }

  get count(): number {
    return [...this.told.values()].reduce((sum, points) => sum + points.size, 0);
  }
}

async function ask(freshet: Freshet, metric: string): Promise<QueryAnswer> {
  const response = await freshet.fetch(`/v1/query?metric=${metric}&from=now-15m`, {}, "demo-read");
  if (!response.ok) throw new Error(`${response.status} ${await response.text()}`);
  return (await response.json()) as QueryAnswer;
}

/** The sealed points once nothing else is left and they reach to `lastEnd`, or as they are after `timeoutMs`. */
async function sealedThrough(
  freshet: Freshet,
  { name, groupBy }: Tested,
  lastEnd: number,
  deadlineMs: number,
): Promise<Map<string, number | null>> {
  for (;;) {
    const answer = await ask(freshet, name);
    const { provisional, final, revised, sealed } = POINT_STATE;
    const open = pointsOf(answer, groupBy, [provisional, final, revised]).size;
    const reached = Math.max(...answer.series.flatMap(({ t }) => t));
    if ((open === 0 && reached >= lastEnd) || Date.now() > deadlineMs)
      return pointsOf(answer, groupBy, [sealed]);
    await sleep(250);
  }
}

/**
 * Kills the workerd that holds the objects {@link KILLS} times. Now and then a kill is hard: it comes while that
 * starts or has only just started, or takes the workerd that hands the requests on as well.
 *
 * @returns how many milliseconds it took from each kill to the next acknowledged batch.
 */
async function killFifty(freshet: Freshet, senders: Senders): Promise<number[]> {
  const random = seededRandom(SEED);
  const pausesMs: number[] = [];
  let lastPid = 0;
  let killedMs = Date.now();
  let hardMs = Date.now();
  let hard = 0;
  for (let kill = 0; kill < KILLS; kill++) {
    const isHard = Date.now() - hardMs > HARD_KILL_EVERY_MS;
    if (isHard) {
      hardMs = Date.now();
      hard++;
    }
    const isEarly = isHard && hard % 2 === 0;
    await nextRuntime(freshet, lastPid);
    if (!isEarly) {
      const { batches } = senders;
      await until(freshet, () => senders.batches > batches, `a batch was acknowledged after kill ${kill}`);
      pausesMs.push(Date.now() - killedMs);
    }
    await until(freshet, () => senders.pendingMs() < PATIENCE_MS, "no batch is old");
    await sleep(random() * (isEarly ? 400 : 1_000));
    lastPid = await killRuntime(freshet, lastPid, isHard && !isEarly);
    killedMs = Date.now();
  }
  return pausesMs;
}

/** The workerd that holds the objects: not the one that listens on the server's port. */
function runtimePid(freshet: Freshet): number | undefined {
  const proxy = `entry=127.0.0.1:${freshet.port} `;
  const isRuntime = (command: string) => /workerd serve/.test(command) && !command.includes(proxy);
  return freshet.processes().find(({ command }) => isRuntime(command))?.pid;
}

/** Waits for another runtime than that, and names its process. */
async function nextRuntime(freshet: Freshet, lastPid: number): Promise<number> {
  let pid: number | undefined;
  const isNew = () => {
    pid = runtimePid(freshet);
    return pid !== undefined && pid !== lastPid;
  };
  await until(freshet, isNew, "workerd was started again");
  return pid ?? 0;
}

/** Kills the runtime that there is, or the next, if that one is dead already. Returns its process. */
async function killRuntime(freshet: Freshet, lastPid: number, andProxy: boolean): Promise<number> {
  for (;;) {
    const pid = await nextRuntime(freshet, lastPid);
    try {
      if (andProxy) freshet.killWorkerd();
      else process.kill(pid, "SIGKILL");
      return pid;
    } catch {
      // The supervisor was faster.
    }
  }
}

async function until(freshet: Freshet, condition: () => boolean, what: string): Promise<void> {
  const deadlineMs = Date.now() + 60_000;
  while (!condition()) {
    const gaveUp = /^Freshet: /m.test(freshet.output);
    if (gaveUp || Date.now() > deadlineMs)
      throw new Error(`it did not happen that ${what}:\n${freshet.output}`);
    await sleep(10);
  }
}

/** Waits until all is sealed. Returns the number of points that there should be, and where there are others. */
async function compare(freshet: Freshet, accepted: readonly Event[], watcher: Watcher) {
  const faults: string[] = [];
  const deadlineMs = Date.now() + SEALED_WITHIN_MS;
  let points = 0;
  for (const metric of METRICS) {
    const wanted = bruteForce(oracle(metric), accepted);
    const lastEnd = Math.max(...Array.from(wanted.keys(), Number.parseFloat));
    const sealed = await sealedThrough(freshet, metric, lastEnd, deadlineMs);
    watcher.take(metric.name, sealed);
    points += wanted.size;
    faults.push(...differences(wanted, sealed).map((fault) => `${metric.name} ${fault}`));
  }
  return { points, faults };
}

async function lateEvents(freshet: Freshet): Promise<number> {
  const text = await (await freshet.fetch("/metrics")).text();
  const counts = text.matchAll(/^freshet_events_late_total\{.*metric="fifty_\w+"\} (\d+)$/gm);
  return Array.from(counts, ([, count]) => Number(count)).reduce((sum, count) => sum + count, 0);
}

const dir = mkdtempSync(join(tmpdir(), "freshet-kill-fifty-"));
const kafka = await startKafka({ dir }).catch((error: unknown) => {
  if (error instanceof ServiceUnavailableError) return error;
  throw error;
});
afterAll(async () => {
  if (!(kafka instanceof Error)) await kafka.kill();
  rmSync(dir, { recursive: true, force: true });
});

describe.each(["embedded", "kafka"] as const)("[W6] fifty crashes over the %s log", (log) => {
  const missing = log === "kafka" && kafka instanceof Error ? kafka.message : undefined;
  if (missing !== undefined) {
    it("[O2] are tested, or their absence said", () => {
      console.log(`SKIPPED: fifty crashes over Kafka: ${missing}`);
      expect(process.env["REQUIRE_SERVICES"]).not.toBe("1");
    });
    return;
  }
  const env = log === "kafka" ? { KAFKA_BROKERS: (kafka as Kafka).brokers } : {};
  let freshet: Freshet;
  beforeAll(async () => {
    freshet = await Freshet.start({ env });
  });
  afterAll(() => freshet?.stop());

  it(
    `[W6][W4] workerd killed ${KILLS} times at random moments while events flow: sealed windows equal the oracle`,
    { timeout: TEST_MS },
    async () => {
      console.log(`FRESHET_SEED=${SEED}, ${log} log`);
      for (const metric of METRICS) await freshet.putMetric(source(metric));
      const startMs = Date.now();
      const senders = new Senders(freshet);
      const watcher = new Watcher(freshet);
      const killing = killFifty(freshet, senders).finally(() => senders.stop());
      const sending = Promise.all([killing, senders.run()]).finally(() => watcher.stop());
      const [[pausesMs]] = await Promise.all([sending, watcher.run()]);
      const sentMs = Date.now() - startMs;
      const during = watcher.count;

      const { points, faults } = await compare(freshet, senders.accepted, watcher);
      const { accepted, batches, retries, repeats, oldestMs } = senders;
      const pauses = pausesMs.toSorted((a, b) => a - b);
      console.log(
        `${accepted.length} events in ${batches} batches within ${sentMs} ms, ${retries} retries, ` +
          `${repeats} batches sent twice, oldest at its acknowledgement ${oldestMs} ms; ` +
          `from a kill to the next acknowledged batch ${pauses[pauses.length >> 1]} ms, at most ${pauses.at(-1)} ms; ` +
          `${during} of ${points} points sealed while kills went on, all after ${Date.now() - startMs} ms`,
      );
      expect(oldestMs, "age that no honest event may reach").toBeLessThan(LATENESS_MS + DELAY_MS);
      expect(retries).toBeGreaterThan(0);
      expect(during).toBeGreaterThan(points / 4);
      expect(watcher.broken.slice(0, 20), "sealed points that changed").toEqual([]);
      expect(faults.slice(0, 20), `${faults.length} points differ`).toEqual([]);
      expect(await lateEvents(freshet)).toBe(0);
    },
  );
});

describe("[O1] a workerd that dies while it starts", () => {
  let freshet: Freshet;
  beforeAll(async () => {
    freshet = await Freshet.start();
  });
  afterAll(() => freshet?.stop());

  it("[O1] is replaced like any other, though Miniflare does not try again and the proxy still answers", async () => {
    const first = await killRuntime(freshet, 0, false);
    await killRuntime(freshet, first, false);
    await freshet.says(/The server is down: no answer[^]*The server is back at/, 30_000);
    expect((await freshet.fetch("/healthz")).status).toBe(200);
  });
});
