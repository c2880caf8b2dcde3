import type { Definitions } from "../../durable-objects/catalog/definitions.ts";
import { encodeSegments } from "../../durable-objects/log/segment.ts";
import type { MetricStats } from "../../durable-objects/window/metric-stats.ts";
import type { Event } from "../../protocol/event.ts";
import type { MetricSource } from "../../protocol/metric.ts";
import type { QueryAnswer } from "../../protocol/series.ts";
import { Begins } from "./begins.ts";
import { Client } from "./client.ts";
import { Deployment } from "./deployment.ts";
import { type LoggedBatch, loggedBatches } from "./logged-batches.ts";
import { type Deed, NETWORKS, type Scenario } from "./scenario.ts";
import { type Step, World } from "./world.ts";

export const PROJECT = "shop";
const START_MS = 1_700_000_000_250;
const RETRY_MS = 150;
/** An hour before and after: every window of every scenario. */
const SPAN_MS = 3_600_000;

/** What one metric's points were at one time. */
export interface Observation {
  /** Steps that had happened when the question was sent, and when the answer came. */
  step: number;
  answeredStep: number;
  answer: QueryAnswer;
}

/** A definition or removal that was confirmed. */
export interface Confirmation {
  /** Steps that had happened when its answer came. */
  step: number;
  metric: string;
}

/** All that came of a scenario. */
export interface Outcome {
  steps: readonly Step[];
  /** How many messages and commits there were. */
  messages: number;
  /** Distinct batches of each partition in the order of the log. */
  logged: LoggedBatch[];
  sent: SentBatch[];
  definitions: Definitions;
  confirmations: Confirmation[];
  begins: Begins;
  observations: Observation[];
  /** After everything has sealed, and once more after everything has lost its memory. */
  final: Observation[][];
  stats: MetricStats[];
  aborts: number;
}

export interface SentBatch {
  key: string;
  partition: number;
  /** Steps that had happened when it was first sent. */
  step: number;
  isStored: boolean;
  events: Event[];
}

/** Runs a scenario until nothing more happens. */
export async function runScenario(scenario: Scenario): Promise<Outcome> {
  return new ScenarioRun(scenario).run();
}

class ScenarioRun {
  readonly #scenario: Scenario;
  readonly #world: World;
  readonly #deployment: Deployment;
  readonly #client: Client;
  readonly #begins = new Begins();
  readonly #sent: SentBatch[] = [];
  readonly #confirmations: Confirmation[] = [];
  readonly #observations: Observation[] = [];
  /** Definitions are changed one after the other. */
  #changing: Promise<void> = Promise.resolve();

  constructor(scenario: Scenario) {
    const { seed, network, crashes, holdUps = [] } = scenario;
    this.#scenario = scenario;
    this.#world = new World({ seed, startMs: START_MS, latency: NETWORKS[network], crashes, holdUps });
    this.#deployment = new Deployment(this.#world, (object) => {
      this.#begins.committed(object, this.#sent.length === 0);
    });
    this.#client = new Client(this.#world);
  }

  async run(): Promise<Outcome> {
    try {
      await this.#client.does(() => this.#deeds());
      const final = [await this.#client.does(() => this.#queryAll())];
      const stats = await this.#client.does(() => this.#until(() => this.#windows().stats()));
      this.#world.crash("all");
      final.push(await this.#client.does(() => this.#queryAll()));
      const definitions = await this.#client.does(() => this.#definitions());
      return {
        steps: this.#world.steps,
        messages: this.#world.messages,
        logged: loggedBatches(
          this.#deployment,
          new Map(this.#sent.map((batch) => [batch.key, batch.events])),
        ),
        sent: this.#sent,
        definitions,
        confirmations: this.#confirmations,
        begins: this.#begins,
        observations: this.#observations,
        final,
        stats,
        aborts: [...this.#deployment.objects()].reduce((sum, { aborts }) => sum + aborts, 0),
      };
    } finally {
      this.#deployment.close();
    }
  }

  async #deeds(): Promise<void> {
    await this.#until(() => this.#catalog().putProject(PROJECT));
    for (const metric of this.#scenario.metrics) await this.#define(metric);
    const doing: Promise<void>[] = [];
    for (const deed of this.#scenario.deeds) {
      await this.#client.sleep(deed.afterMs);
      doing.push(this.#do(deed));
    }
    await Promise.all([...doing, this.#changing]);
  }

  async #do(deed: Deed): Promise<void> {
    switch (deed.type) {
      case "batch":
        return this.#sendBatch(deed);
      case "define":
        this.#changing = this.#changing.then(() => this.#define(deed.metric));
        return undefined;
      case "delete":
        this.#changing = this.#changing.then(() => this.#delete(deed.metric));
        return undefined;
      case "query":
        this.#observations.push(...(await this.#queryAll()));
        return undefined;
    }
  }

  async #define(metric: MetricSource): Promise<void> {
    await this.#until(() => this.#catalog().putMetric(PROJECT, metric));
    this.#confirmations.push({ step: this.#world.steps.length, metric: metric.name });
  }

  async #delete(metric: string): Promise<void> {
    await this.#until(() => this.#catalog().remove(PROJECT, "metrics", metric));
    this.#confirmations.push({ step: this.#world.steps.length, metric });
  }

  async #sendBatch({ partition, copies, events }: Deed & { type: "batch" }): Promise<void> {
    const nowMs = this.#world.nowMs;
    const batch: SentBatch = {
      key: `batch-${this.#sent.length}`,
      partition,
      step: this.#world.steps.length,
      isStored: false,
      events: events.map(({ agoMs, alignMs = 1, ...event }) => {
        return { ...event, ts: Math.floor((nowMs - agoMs) / alignMs) * alignMs };
      }),
    };
    this.#sent.push(batch);
    const sending = Array.from({ length: copies }, async (_, copy) => {
      await this.#client.sleep(copy * 37);
      await this.#until(() => this.#send(batch, nowMs));
      batch.isStored = true;
    });
    await Promise.all(sending);
  }

  async #send({ key, partition, events }: SentBatch, receivedAtMs: number): Promise<void> {
    const count = events.length;
    const value = new TextEncoder().encode(events.map((event) => `${JSON.stringify(event)}\n`).join(""));
    if (this.#scenario.viaBatcher) {
      const batcher = this.#deployment.stub(this.#client, "BATCHER", `sim/${partition}`);
      const batch = { project: PROJECT, batchId: key, receivedAtMs, parts: [{ count, value }] };
      const outcome = await batcher.submit(batch, {});
      if (outcome.status !== "stored") throw new Error(outcome.message);
      return;
    }
    const headers = { project: PROJECT, count, receivedAtMs, schemaVersion: 1 };
    const log = this.#deployment.stub(this.#client, "LOG_PARTITION", String(partition));
    await log.append(encodeSegments([{ key, headers, value }], 1_000_000));
  }

  async #queryAll(): Promise<Observation[]> {
    const step = this.#world.steps.length;
    const { metrics } = await this.#definitions();
    const questions = metrics.map(async ({ metric }) => {
      const fromMs = START_MS - SPAN_MS;
      const toMs = START_MS + SPAN_MS;
      const query = { metric: metric.name, fromMs, toMs, upToNow: true, mostPoints: Infinity };
      const answer = await this.#until(() => this.#windows().query(query));
      // A metric that was removed meanwhile has no points.
      const answeredStep = this.#world.steps.length;
      return "body" in answer ? [{ step, answeredStep, answer: JSON.parse(answer.body) as QueryAnswer }] : [];
    });
    return (await Promise.all(questions)).flat();
  }

  #definitions(): Promise<Definitions> {
    return this.#until(() => this.#catalog().definitions(PROJECT));
  }

  #catalog() {
    return this.#deployment.stub(this.#client, "CATALOG", "catalog");
  }

  /** The object that reads all of the project's metrics as if they were its own. */
  #windows() {
    return this.#deployment.stub(this.#client, "METRIC_WINDOW", PROJECT);
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

/** The window objects of a metric. */
export function objectsOf({ name, shards }: { name: string; shards: number }): string[] {
  if (shards === 1) return [PROJECT];
  return Array.from({ length: shards }, (_, index) => `${PROJECT}/${name}/${index}.${shards}`);
}
