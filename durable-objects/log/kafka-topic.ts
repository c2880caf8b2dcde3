import type { Cluster } from "kafkajs";
import type { KafkaSettings } from "../settings.ts";
import { LogUnavailableError } from "./event-log.ts";
import { clientOf, KafkaConnection } from "./kafka-connection.ts";
import { errorType, reasonOf } from "./kafka-errors.ts";

/**
 * Sees to it that the topic is there with that many partitions.
 *
 * @throws LogUnavailableError when Kafka cannot be reached, or the topic has another number of partitions.
 */
export async function ensureKafkaTopic(settings: KafkaSettings, partitions: number): Promise<void> {
  const connection = new KafkaConnection(settings, (cluster) => prepareTopic(cluster, settings, partitions));
  try {
    await connection.run("show its topics", 0, async () => {});
  } finally {
    connection.close();
  }
}

/** Loads the topic's metadata into a new connection; creates the topic first when there is none. */
export async function prepareTopic(
  cluster: Cluster,
  settings: KafkaSettings,
  partitions: number,
): Promise<void> {
  try {
    await cluster.addTargetTopic(settings.topic);
  } catch (error) {
    if (errorType(error) !== "UNKNOWN_TOPIC_OR_PARTITION") throw error;
    await createTopic(settings, partitions);
    await cluster.addTargetTopic(settings.topic);
  }
  const found = cluster.findTopicPartitionMetadata(settings.topic).length;
  if (found === partitions) return;
  throw new LogUnavailableError(
    `KAFKA_TOPIC '${settings.topic}' has ${found} partitions, but PARTITIONS is ${partitions}; set PARTITIONS to ${found} or name another topic`,
  );
}

async function createTopic(settings: KafkaSettings, partitions: number): Promise<void> {
  const admin = clientOf(settings).admin();
  try {
    await admin.connect();
    await admin.createTopics({
      waitForLeaders: true,
      timeout: 4_000,
      topics: [
        {
          topic: settings.topic,
          numPartitions: partitions,
          replicationFactor: settings.replication,
          configEntries: [
            { name: "retention.ms", value: String(settings.retentionMs) },
            { name: "cleanup.policy", value: "delete" },
          ],
        },
      ],
    });
  } catch (error) {
    throw new LogUnavailableError(
      `KAFKA_TOPIC '${settings.topic}' does not exist and could not be created: ${reasonOf(error)}`,
      { cause: error },
    );
  } finally {
    await admin.disconnect();
  }
}
