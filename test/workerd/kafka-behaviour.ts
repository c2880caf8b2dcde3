import { describe, expect, test } from "vitest";
import { LogUnavailableError } from "../../durable-objects/log/event-log.ts";
import { clientOf } from "../../durable-objects/log/kafka-connection.ts";
import { createKafkaAppender, createKafkaSource, ensureKafkaTopic } from "../../durable-objects/log/kafka.ts";
import type { KafkaSettings } from "../../durable-objects/settings.ts";
import { readAll, record, textOf } from "./event-log-contract.ts";
import { appenderInObject, inObject, kafkaAction, kafkaTool, sourceInObject } from "./kafka-desk.ts";

const PARTITIONS = 2;
const MAX_BYTES = 1024 * 1024;

/** What Kafka alone does: what other tools see of it, how it refuses, and how both ends get over a crash. */
export function describeKafkaBehaviour(kafka: { brokers: string; saslBrokers: string }): void {
  const settingsFor = (changes: Partial<KafkaSettings> = {}): KafkaSettings => ({
    brokers: [kafka.brokers],
    topic: `kafka-${crypto.randomUUID().slice(0, 8)}`,
    tls: false,
    retentionMs: 3_600_000,
    replication: -1,
    ...changes,
  });
  const appenderOf = (settings: KafkaSettings) =>
    appenderInObject(() => createKafkaAppender(settings, PARTITIONS));
  const sourceOf = (settings: KafkaSettings, partition = 0, group?: string) =>
    sourceInObject(() => createKafkaSource(settings, PARTITIONS, partition, group));

  describe("Kafka, seen by its own tools", { timeout: 60_000 }, () => {
    test("[O3] a console consumer shows the record's key, headers, offset and lines", async () => {
      const settings = settingsFor();
      await appenderOf(settings).append(1, [record("batch-7", `{"name":"a","ts":1}\n{"name":"b","ts":2}`)]);
      const shown = await kafkaTool(
        "kafka-console-consumer",
        "--topic",
        settings.topic,
        "--from-beginning",
        "--max-messages=1",
        "--timeout-ms=15000",
        ...["partition", "offset", "headers", "key"].flatMap((what) => ["--property", `print.${what}=true`]),
      );
      // Newer consoles first warn that `--property` has another name; older ones know no other.
      const lines = shown.split("\n");
      const from = lines.findIndex((line) => line.startsWith("Partition:"));
      expect(lines.slice(from, from + 2)).toEqual([
        [
          "Partition:1",
          "Offset:0",
          "project:demo,count:1,received-at:1795000000123,schema-version:1",
          "batch-7",
          `{"name":"a","ts":1}`,
        ].join("\t"),
        `{"name":"b","ts":2}`,
      ]);
    });

    test("[O3] its lag tool shows a reader's commits move", async () => {
      const settings = settingsFor();
      await appenderOf(settings).append(
        0,
        ["1", "2", "3"].map((n) => record(n, n)),
      );
      const source = sourceOf(settings);
      await source.commit(1);
      expect(await lagOf(settings.topic)).toEqual({ committed: "1", end: "3", lag: "2" });
      await source.commit(3);
      expect(await lagOf(settings.topic)).toEqual({ committed: "3", end: "3", lag: "0" });
    });

    test("[O4] a missing topic is made with PARTITIONS and KAFKA_RETENTION_MS", async () => {
      const settings = settingsFor();
      await inObject(() => ensureKafkaTopic(settings, 5));
      await inObject(() => ensureKafkaTopic(settings, 5));
      const topic = await kafkaTool("kafka-topics", "--describe", "--topic", settings.topic);
      expect(topic).toContain("PartitionCount: 5");
      expect(topic).toContain("retention.ms=3600000");
    });
  });

  describe("Kafka, when something is wrong", { timeout: 60_000 }, () => {
    test("[O4] a topic with another number of partitions is refused by name", async () => {
      const settings = settingsFor();
      await inObject(() => ensureKafkaTopic(settings, 5));
      const wrong = `KAFKA_TOPIC '${settings.topic}' has 5 partitions, but PARTITIONS is 2; set PARTITIONS to 5 or name another topic`;
      await expect(appenderOf(settings).append(0, [record("a", "1")])).rejects.toThrow(wrong);
      await expect(sourceOf(settings).read(0, MAX_BYTES, 0)).rejects.toThrow(wrong);
    });

    test("[I2] a broker that is not there is an error within seconds, with its name", async () => {
      const settings = settingsFor({ brokers: ["127.0.0.1:1", "127.0.0.1:2"] });
      const beganMs = Date.now();
      const failure = await appenderOf(settings)
        .append(0, [record("a", "1")])
        .catch(String);
      expect(failure).toContain(
        "LogUnavailableError: Kafka at 127.0.0.1:1, 127.0.0.1:2 did not take 1 record",
      );
      expect(Date.now() - beganMs).toBeLessThan(6_000);
      const reading = sourceOf(settings).read("earliest", MAX_BYTES, 0);
      await expect(reading).rejects.toBeInstanceOf(LogUnavailableError);
    });

    test("[O4] one broker of the list is enough", async () => {
      const settings = settingsFor({ brokers: ["127.0.0.1:1", kafka.brokers, "127.0.0.1:2"] });
      await appenderOf(settings).append(0, [record("a", "1")]);
      expect(textOf(await readAll(sourceOf(settings), MAX_BYTES))).toEqual(["1"]);
    });

    test("[W6] transactions' markers and others' records are holes, not stumbling blocks", async () => {
      const settings = settingsFor();
      const appender = appenderOf(settings);
      await appender.append(0, [record("a", "first")]);
      await inObject(() => writeForeignRecords(settings));
      await appender.append(0, [record("b", "last")]);
      const source = sourceOf(settings);
      const records = await readAll(source, MAX_BYTES);
      // Offset 1 is another's record, 2 its transaction's marker, 3 a record without a value.
      expect(records.map(({ offset }) => offset)).toEqual([0, 4]);
      expect(await source.read(1, 1, 0)).toMatchObject({ nextOffset: 5, endOffset: 5 });
      await inObject(() => writeForeignRecords(settings));
      expect(await source.read(5, MAX_BYTES, 0)).toEqual({ records: [], nextOffset: 8, endOffset: 8 });
    });
  });

  describe("Kafka with SASL", { timeout: 60_000 }, () => {
    const user = { username: "freshet", password: "freshet-secret" };

    test.each(["plain", "scram-sha-256", "scram-sha-512"] as const)(
      "[O4] %s lets both ends in",
      async (mechanism) => {
        const settings = settingsFor({ brokers: [kafka.saslBrokers], sasl: { mechanism, ...user } });
        await appenderOf(settings).append(0, [record("a", "1")]);
        const source = sourceOf(settings);
        expect(textOf(await readAll(source, MAX_BYTES))).toEqual(["1"]);
        await source.commit(1);
      },
    );

    test.each(["plain", "scram-sha-256"] as const)(
      "[O4] %s with a wrong password is refused by setting",
      async (mechanism) => {
        const sasl = { mechanism, ...user, password: "wrong" };
        const settings = settingsFor({ brokers: [kafka.saslBrokers], sasl });
        const failure = await appenderOf(settings)
          .append(0, [record("a", "1")])
          .catch(String);
        expect(failure).toContain("KAFKA_SASL_USERNAME");
        expect(failure).not.toContain("wrong");
      },
    );

    test("[O4] a listener that asks for SASL is an error without it", async () => {
      const settings = settingsFor({ brokers: [kafka.saslBrokers] });
      const appending = appenderOf(settings).append(0, [record("a", "1")]);
      await expect(appending).rejects.toBeInstanceOf(LogUnavailableError);
    });
  });

  describe("Kafka, crashed and started again", { timeout: 90_000 }, () => {
    test("[I2] both ends go on by themselves, and what was acknowledged is there", async () => {
      const settings = settingsFor();
      const appender = appenderOf(settings);
      const source = sourceOf(settings);
      await appender.append(0, [record("before", "before")]);
      await source.commit((await source.read("earliest", MAX_BYTES, 0)).nextOffset);

      const waiting = source.read(1, MAX_BYTES, 3_000).catch(String);
      await kafkaAction("kill");
      expect(await waiting).toContain(`LogUnavailableError: Kafka at ${kafka.brokers} did not read`);
      const beganMs = Date.now();
      const refused = await appender.append(0, [record("during", "during")]).catch(String);
      expect(refused).toContain(`LogUnavailableError: Kafka at ${kafka.brokers} did not take 1 record`);
      expect(Date.now() - beganMs).toBeLessThan(6_000);
      await kafkaAction("restart");

      await appender.append(0, [record("after", "after")]);
      expect(textOf(await readAll(source, MAX_BYTES))).toEqual(["before", "after"]);
      await untilDone(() => source.commit(2));
    });

    test("[I2] a connection that was cut while nobody looked costs no error", async () => {
      const settings = settingsFor();
      const appender = appenderOf(settings);
      const source = sourceOf(settings);
      await appender.append(0, [record("a", "before")]);
      expect((await source.read(0, MAX_BYTES, 0)).nextOffset).toBe(1);
      await kafkaAction("restart");
      await appender.append(0, [record("b", "after")]);
      expect(textOf((await source.read(1, MAX_BYTES, 0)).records)).toEqual(["after"]);
    });
  });

  describe("Kafka's retention", { timeout: 60_000 }, () => {
    test("a topic that was made anew shows by an end before the reader's cursor", async () => {
      const settings = settingsFor();
      const appender = appenderOf(settings);
      const source = sourceOf(settings);
      await appender.append(0, [record("a", "1"), record("b", "2")]);
      expect((await source.read(0, MAX_BYTES, 0)).nextOffset).toBe(2);
      await kafkaTool("kafka-topics", "--delete", "--topic", settings.topic);
      await untilDone(() => appender.append(0, [record("c", "3")]));
      await untilDone(async () => {
        expect(await source.read(2, MAX_BYTES, 0)).toEqual({ records: [], nextOffset: 2, endOffset: 1 });
      });
    });
  });
}

/** Has Kafka forget what lies before `offset`. */
export async function deleteRecordsBefore(
  settings: KafkaSettings,
  partition: number,
  offset: number,
): Promise<void> {
  await inObject(async () => {
    const admin = clientOf(settings).admin();
    await admin.connect();
    // Without the topic's metadata kafkajs cannot tell whose the partition is.
    await admin.fetchTopicOffsets(settings.topic);
    await admin.deleteTopicRecords({
      topic: settings.topic,
      partitions: [{ partition, offset: String(offset) }],
    });
    await admin.disconnect();
  });
}

/** A record in a transaction, whose marker takes an offset too, then a record without a value. */
async function writeForeignRecords(settings: KafkaSettings): Promise<void> {
  const producer = clientOf(settings).producer({
    transactionalId: `foreign-${settings.topic}`,
    maxInFlightRequests: 1,
    createPartitioner: () => () => 0,
  });
  await producer.connect();
  const transaction = await producer.transaction();
  const [sent] = await transaction.send({
    topic: settings.topic,
    messages: [{ key: "x", value: "not ours" }],
  });
  await transaction.commit();
  // The broker writes the marker a moment after it has answered.
  await untilEnd(settings, Number(sent?.baseOffset) + 2);
  await producer.disconnect();
  const plain = clientOf(settings).producer({ createPartitioner: () => () => 0 });
  await plain.connect();
  await plain.send({ topic: settings.topic, messages: [{ key: "x", value: null }] });
  await plain.disconnect();
}

async function untilEnd(settings: KafkaSettings, end: number): Promise<void> {
  const admin = clientOf(settings).admin();
  await admin.connect();
  await untilDone(async () => {
    const offsets = await admin.fetchTopicOffsets(settings.topic);
    expect(Number(offsets.find((p) => p.partition === 0)?.high)).toBe(end);
  });
  await admin.disconnect();
}

async function lagOf(topic: string): Promise<{ committed: string; end: string; lag: string } | undefined> {
  const table = await kafkaTool("kafka-consumer-groups", "--describe", "--group", `freshet-reader-${topic}`);
  const row = table.split("\n").find((line) => line.startsWith(`freshet-reader-${topic}`));
  const [, , , committed = "", end = "", lag = ""] = row?.split(/\s+/) ?? [];
  return row === undefined ? undefined : { committed, end, lag };
}

/** Tries again for some seconds: a broker that has just come needs a moment for its groups and topics. */
async function untilDone(work: () => Promise<void>): Promise<void> {
  for (let attempt = 0; attempt < 20; attempt++) {
    try {
      return await work();
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 300));
    }
  }
  await work();
}
