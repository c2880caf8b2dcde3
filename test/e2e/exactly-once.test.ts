import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Kafka } from "../../tools/services/kafka.ts";
import { KAFKA_TOOLS, startKafka } from "../../tools/services/kafka.ts";
import { ServiceUnavailableError } from "../../tools/services/processes.ts";
import { Freshet } from "../helpers/freshet.ts";

const EVENTS = 100_000;
const CONNECTIONS = 8;
const SETTLE_MS = 60_000;

const dir = mkdtempSync(join(tmpdir(), "freshet-exactly-once-"));
const kafka = await startKafka({ dir }).catch((error: unknown) => {
  if (error instanceof ServiceUnavailableError) return error;
  throw error;
});
afterAll(async () => {
  if (!(kafka instanceof Error)) await kafka.kill();
  rmSync(dir, { recursive: true, force: true });
});

interface Sent {
  accepted: number;
  value: number;
  retries: number;
}

/** Sends odd-sized batches from several connections, each tenth of them twice, and retries what is not acknowledged. */
async function sendAll(freshet: Freshet, run: string, paceMs: number): Promise<Sent> {
  const sent: Sent = { accepted: 0, value: 0, retries: 0 };
  let left = EVENTS;
  let batches = 0;
  const send = async () => {
    while (left > 0) {
      const size = Math.min(left, 1 + ((batches * 7_919) % 997));
      left -= size;
      const batch = batches++;
      const nowMs = Date.now();
      const values = Array.from({ length: size }, (_, i) => (batch + i) % 10);
      const lines = values.map((value, i) =>
        JSON.stringify({ name: run, ts: nowMs - (i % 3_000), value, props: { group: `g${i % 5}` } }),
      );
      for (let copy = 0; copy < (batch % 10 === 0 ? 2 : 1); copy++) {
        const { accepted, tries } = await freshet.post(`${run}-${batch}`, lines.join("\n"));
        if (copy === 0) sent.accepted += accepted;
        sent.retries += tries - 1;
      }
      sent.value += values.reduce((sum, value) => sum + value, 0);
      await sleep(paceMs);
    }
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, send));
  return sent;
}

async function define(freshet: Freshet, run: string): Promise<void> {
  const window = { type: "tumbling", size: "1s" } as const;
  const common = { event: run, delay: "1s", lateness: "5m" };
  await freshet.putMetric({
    ...common,
    name: `${run}_count`,
    aggregate: "count",
    window,
    groupBy: ["group"],
  });
  await freshet.putMetric({
    ...common,
    name: `${run}_sum`,
    aggregate: "sum(value)",
    window: { type: "tumbling", size: "5s" },
  });
}

async function expectExact(freshet: Freshet, run: string, sent: Sent): Promise<void> {
  expect(sent.accepted).toBe(EVENTS);
  expect(await freshet.sumWhen(`${run}_count`, sent.accepted, SETTLE_MS)).toBe(sent.accepted);
  expect(await freshet.sumWhen(`${run}_sum`, sent.value, SETTLE_MS)).toBe(sent.value);
}

describe.each(["embedded", "kafka"] as const)("[W6] exactly once over the %s log", (log) => {
  const missing = log === "kafka" && kafka instanceof Error ? kafka.message : undefined;
  if (missing !== undefined) {
    it("[O2] is tested, or its absence said", () => {
      console.log(`SKIPPED: exactly once over Kafka: ${missing}`);
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

  it("[I3] every tenth batch sent twice: the windows add up to the distinct accepted events", async () => {
    await define(freshet, "twice");
    await expectExact(freshet, "twice", await sendAll(freshet, "twice", 0));
  });

  it("[W6] workerd killed in the middle, twice: the same once the clients have retried", async () => {
    await define(freshet, "killed");
    const sending = sendAll(freshet, "killed", 250);
    for (let kill = 0; kill < 2; kill++) {
      await sleep(2_000);
      freshet.killWorkerd();
    }
    const sent = await sending;
    expect(sent.retries).toBeGreaterThan(0);
    await expectExact(freshet, "killed", sent);
  });

  it.runIf(log === "kafka")(
    "[O3] Kafka's own tools show the records and the readers' committed offsets",
    async () => {
      const broker = kafka as Kafka;
      for (let i = 0; i < 40; i++) await freshet.post(`seen-by-lag-tool-${i}`, '{"name":"shown","value":0}');
      await sleep(2_000);
      const batch = '{"name":"shown","value":1}\n{"name":"shown","value":2}';
      await freshet.post("a-batch-to-look-at", batch);
      const show = ["key", "headers", "offset"].flatMap((what) => ["--property", `print.${what}=true`]);
      const topic = ["--topic", "freshet-events", "--from-beginning", "--timeout-ms", "6000"];
      const records = await broker
        .cli(KAFKA_TOOLS["kafka-console-consumer"], [...topic, ...show], 60_000)
        .catch(String);
      const record = records.split("\n").find((line) => line.includes("a-batch-to-look-at"));
      expect(record).toMatch(/project:demo/);
      expect(record).toMatch(/count:2/);
      expect(record).toMatch(/received-at:\d{13}/);
      expect(record).toMatch(/schema-version:1/);
      expect(record).toContain('{"name":"shown","ts":');
      const groups = await broker.cli(KAFKA_TOOLS["kafka-consumer-groups"], ["--describe", "--all-groups"]);
      const lags = groups.split("\n").filter((line) => /freshet-events\s+\d/.test(line));
      const committed = lags.map((line) => Number(/freshet-events\s+\d+\s+(\d+|-)/.exec(line)?.[1] ?? 0));
      expect(lags.length).toBeGreaterThanOrEqual(4);
      expect(committed.reduce((sum, offset) => sum + (offset || 0), 0)).toBeGreaterThanOrEqual(40);
    },
  );

  it.runIf(log === "kafka")(
    "[I2] the broker away: 503 with Retry-After, then on by itself, nothing missing",
    async () => {
      await define(freshet, "outage");
      const broker = kafka as Kafka;
      const sending = sendAll(freshet, "outage", 250);
      await sleep(2_000);
      await broker.kill();
      const refused = await refusal(freshet);
      expect(refused.status).toBe(503);
      expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(0);
      await broker.restart();
      const sent = await sending;
      expect(sent.retries).toBeGreaterThan(0);
      await expectExact(freshet, "outage", sent);
    },
  );
});

/** The first answer to a post that is not 202. */
async function refusal(freshet: Freshet): Promise<Response> {
  for (let tries = 0; tries < 40; tries++) {
    const body = JSON.stringify({ name: "nobody_counts_this" });
    const init = { method: "POST", body, signal: AbortSignal.timeout(30_000) };
    const response = await freshet.fetch("/v1/events", init, "demo-write").catch(() => undefined);
    if (response !== undefined && response.status !== 202) return response;
    await sleep(250);
  }
  throw new Error("every post was acknowledged");
}
