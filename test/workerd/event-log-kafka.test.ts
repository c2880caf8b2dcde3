import { env } from "cloudflare:workers";
import { test } from "vitest";
import { createKafkaAppender, createKafkaSource } from "../../durable-objects/log/kafka.ts";
import type { KafkaSettings } from "../../durable-objects/settings.ts";
import { CONTRACT_PARTITIONS, describeEventLog } from "./event-log-contract.ts";
import { deleteRecordsBefore, describeKafkaBehaviour } from "./kafka-behaviour.ts";
import { appenderInObject, kafkaOnHand, sourceInObject } from "./kafka-desk.ts";

const kafka = await kafkaOnHand();

if ("missing" in kafka) {
  test("[O2] the event log over Kafka is tested or its absence said", () => {
    if (env.REQUIRE_SERVICES === "1") throw new Error(`Kafka is required: ${kafka.missing}`);
    console.log(`SKIPPED the event log over Kafka: ${kafka.missing}`);
  });
} else {
  const settings = (topic: string): KafkaSettings => ({
    brokers: [kafka.brokers],
    topic,
    tls: false,
    retentionMs: 3_600_000,
    replication: -1,
  });
  describeEventLog(
    "Kafka",
    (log) => appenderInObject(() => createKafkaAppender(settings(log), CONTRACT_PARTITIONS)),
    (log, partition) =>
      sourceInObject(() => createKafkaSource(settings(log), CONTRACT_PARTITIONS, partition)),
    {
      waits: true,
      dropBefore: (log, partition, offset) => deleteRecordsBefore(settings(log), partition, offset),
    },
  );
  describeKafkaBehaviour(kafka);
}
