import { vi } from "vitest";
import { encodeSegments } from "../../durable-objects/log/segment.ts";
import { matchesGroups } from "../../durable-objects/engine/group-key.ts";
import type { LivePicture } from "../../client/live/picture.ts";
import type { QueryAnswer, Series } from "../../protocol/series.ts";
import { Client } from "./client.ts";
import { type Binding, Deployment } from "./deployment.ts";
import { type LiveDeed, type LiveScenario, METRICS } from "./live-scenario.ts";
import { LiveWatcher } from "./live-watcher.ts";
import { Random } from "./random.ts";
import { NETWORKS } from "./scenario.ts";
import { type Step, World } from "./world.ts";

const PROJECT = "shop";
const START_MS = 1_700_000_000_250;
const RETRY_MS = 150;
const SPAN_MS = 3_600_000;
/** How long the pictures may take to be the server's once nothing more is done: the longest waits that clients and hubs have. */
const SETTLES_WITHIN_MS = 400_000;
const A_LITTLE_MS = 1_500;
const LOOK_EVERY_MS = 5_000;
/** Sums of fractions may differ in their last bits. */
const ROUNDING = 1e-9;

/** What came of a live scenario. */
export interface LiveOutcome {
  /** What is wrong, in sentences. */
  faults: string[];
  recovered: number;
  merged: number;
  /** Points in all clients' pictures, in the end. */
  points: number;
  /** What had happened when the last deed was done, and a little later. */
  steps: Step[];
}

/** Runs a scenario, until every client's picture is the server's or it should long have been. */
export async function runLiveScenario(scenario: LiveScenario): Promise<LiveOutcome> {
  const random = new Random(scenario.seed);
  // Numbers of groups begin anywhere.
  const chance = vi.spyOn(Math, "random").mockImplementation(() => random.next());
  try {
    return await new LiveRun(scenario).run();
  } finally {
    chance.mockRestore();
  }
}

class LiveRun {
  readonly #scenario: LiveScenario;
  readonly #world: World;
  readonly #deployment: Deployment;
  readonly #client: Client;
  #watchers: LiveWatcher[] = [];
  #batches = 0;

  constructor(scenario: LiveScenario) {
    const { seed, network, crashes } = scenario;
    this.#scenario = scenario;
    this.#world = new World({
      seed,
      startMs: START_MS,
      latency: NETWORKS[network],
      crashes,
      holdUps: [],
      losesOrphans: true,
    });
    this.#deployment = new Deployment(this.#world, () => undefined);
    this.#client = new Client(this.#world);
  }

  async run(): Promise<LiveOutcome> {
    try {
      return await this.#client.does(() => this.#all());
    } finally {
      this.#deployment.close();
    }
  }

  async #all(): Promise<LiveOutcome> {
    await this.#until(() => this.#catalog().putProject(PROJECT));
    for (const metric of METRICS) await this.#until(() => this.#catalog().putMetric(PROJECT, metric));
    this.#watchers = this.#scenario.watching.map(
      (watching) => new LiveWatcher(this.#world, this.#client, this.#deployment, PROJECT, watching),
    );
    const doing: Promise<unknown>[] = [];
    for (const deed of this.#scenario.deeds) {
      await this.#client.sleep(deed.afterMs);
      doing.push(this.#do(deed));
    }
    await Promise.all(doing);
    await this.#client.sleep(this.#scenario.lastsMs ?? A_LITTLE_MS);
    const steps = [...this.#world.steps];
    const faults = await this.#settle();
    for (const watcher of this.#watchers) watcher.end();
    return {
      faults,
      steps,
      recovered: this.#watchers.reduce((sum, { recovered }) => sum + recovered, 0),
      merged: this.#watchers.reduce((sum, { merged }) => sum + merged, 0),
      points: this.#watchers.reduce((sum, { picture }) => sum + pointsOf(seriesOf(picture)).size, 0),
    };
  }

  async #do(deed: LiveDeed): Promise<unknown> {
    switch (deed.type) {
      case "batch":
        return this.#send(deed);
      case "define":
        return this.#until(() => this.#catalog().putMetric(PROJECT, deed.metric));
      case "remove":
        return this.#remove(deed);
      case "drop":
        return this.#watchers[deed.who]?.cutOff();
      case "sleep":
        return this.#watchers[deed.who]?.sleep(deed.ms);
      case "browse":
        return this.#watchers[deed.who]?.browse(deed.metrics, deed.ms);
      case "leave":
        return this.#watchers[deed.who]?.leave(deed.ms);
      case "hibernate":
        return this.#hub(deed.hub).hibernate();
      case "crash":
        return this.#world.crash(deed.object);
      case "fail": {
        const [binding = "", id = ""] = deed.object.split(" ");
        const { method, calls, arrive } = deed;
        if (id !== "") this.#deployment.object(binding as Binding, id).failing = { method, calls, arrive };
        return undefined;
      }
    }
  }

  /** What a view is of stays. */
  async #remove({ metric, ms }: LiveDeed & { type: "remove" }): Promise<void> {
    const gone = await this.#until(() => this.#catalog().remove(PROJECT, "metrics", metric));
    // False: it went with a call whose answer was lost.
    if (typeof gone !== "boolean") return;
    await this.#client.sleep(ms);
    const source = METRICS.find(({ name }) => name === metric);
    if (source === undefined) return;
    // What it is a view of may be away, too.
    while ((await this.#until(() => this.#catalog().putMetric(PROJECT, source))) !== "stored")
      await this.#client.sleep(RETRY_MS);
  }

  async #send({ partition, events }: LiveDeed & { type: "batch" }): Promise<void> {
    const nowMs = this.#world.nowMs;
    const key = `batch-${this.#batches++}`;
    const lines = events.map(({ g, agoMs, user }) => {
      return `${JSON.stringify({ name: "e", ts: nowMs - agoMs, user, props: { g, n: 1 + (agoMs % 5) } })}\n`;
    });
    const headers = { project: PROJECT, count: events.length, receivedAtMs: nowMs, schemaVersion: 1 };
    const value = new TextEncoder().encode(lines.join(""));
    const segments = encodeSegments([{ key, headers, value }], 1_000_000);
    const log = this.#deployment.stub(this.#client, "LOG_PARTITION", String(partition));
    await this.#until(() => log.append(segments));
  }

  /** Waits until the pictures are the server's. @returns what differs if they do not become so. */
  async #settle(): Promise<string[]> {
    const untilMs = this.#world.nowMs + SETTLES_WITHIN_MS;
    for (;;) {
      await this.#client.sleep(LOOK_EVERY_MS);
      // As the cron trigger does: alarms of objects that were lost ring, and their new lives begin.
      await this.#until(() => this.#windows().wake());
      const faults = (await Promise.all(this.#watchers.map((watcher) => this.#faultOf(watcher)))).flat();
      if (faults.length === 0 || this.#world.nowMs > untilMs) return faults;
    }
  }

  async #faultOf({ watching, picture, error }: LiveWatcher): Promise<string[]> {
    const { metric, groups } = watching;
    const query = {
      metric,
      fromMs: START_MS - SPAN_MS,
      toMs: START_MS + SPAN_MS,
      upToNow: true,
      mostPoints: Infinity,
    };
    const answer = await this.#until(() => this.#windows().query(query));
    if (!answer.ok) return [`${metric}: ${answer.message}`];
    if (!("body" in answer)) return [`${metric}: not all in the window objects`];
    const { series } = JSON.parse(answer.body) as QueryAnswer;
    const matching = series.filter(({ group }) => matchesGroups(group, groups));
    const [expected, seen] = [pointsOf(matching), pointsOf(seriesOf(picture))];
    const differ = [...new Set([...expected.keys(), ...seen.keys()])].filter(
      (key) => !isSame(expected.get(key), seen.get(key)),
    );
    if (differ.length === 0) return [];
    const some = differ
      .slice(0, 3)
      .map((key) => `${key}: ${seen.get(key)?.join()} for ${expected.get(key)?.join()}`);
    return [`${JSON.stringify(watching)} (${error}): ${some.join("; ")}`];
  }

  #hub(index: number) {
    return this.#deployment.object("LIVE_HUB", index === 0 ? PROJECT : `${PROJECT}/${index}`);
  }

  #catalog() {
    return this.#deployment.stub(this.#client, "CATALOG" satisfies Binding, "catalog");
  }

  #windows() {
    return this.#deployment.stub(this.#client, "METRIC_WINDOW" satisfies Binding, PROJECT);
  }

  /** Calls until there is an answer. An error that no crash explains is a fault. */
  async #until<T>(call: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await call();
      } catch (error) {
        if (!String(error).includes("was reset")) throw error;
        await this.#client.sleep(RETRY_MS);
      }
    }
  }
}

function seriesOf(picture: LivePicture): Series[] {
  return picture.groups().map((group) => {
    const points = picture.points(group);
    return {
      group,
      t: points.map(({ t }) => t),
      v: points.map(({ value }) => value),
      s: points.map(({ state }) => state),
    };
  });
}

/** Values and states by group and time; a point without a value is none. */
function pointsOf(series: readonly Series[]): Map<string, [number, number]> {
  const points = new Map<string, [number, number]>();
  for (const { group, t, v, s } of series) {
    for (const [i, end] of t.entries()) {
      const value = v[i] ?? null;
      if (value !== null) points.set(`${JSON.stringify(group)} ${end - START_MS}`, [value, s[i] ?? 0]);
    }
  }
  return points;
}

function isSame(a: [number, number] | undefined, b: [number, number] | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  return a[1] === b[1] && Math.abs(a[0] - b[0]) <= ROUNDING * Math.max(1, Math.abs(a[0]));
}
