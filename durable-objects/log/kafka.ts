import type { Broker, Cluster, KafkaMessage } from "kafkajs";
import type { KafkaSettings } from "../settings.ts";
import type { LogAppender, LogRecord, LogSlice, LogSource } from "./event-log.ts";
import { KafkaConnection } from "./kafka-connection.ts";
import { errorType } from "./kafka-errors.ts";
import { toBatches, toKafkaMessage, toStoredRecord } from "./kafka-record.ts";
import { prepareTopic } from "./kafka-topic.ts";

export { ensureKafkaTopic } from "./kafka-topic.ts";

const ACKS_ALL = -1;
/** How long the leader waits for its followers: less than a call may take, so that its refusal arrives. */
const REPLICATION_TIMEOUT_MS = 4_000;
const READ_UNCOMMITTED = 0;

/** The writing end over Kafka: creates the topic when it is missing. Only inside a Durable Object. */
export function createKafkaAppender(settings: KafkaSettings, partitions: number): LogAppender {
  const { topic } = settings;
  const connection = new KafkaConnection(settings, (cluster) => prepareTopic(cluster, settings, partitions));

  const produce = async (cluster: Cluster, partition: number, records: LogRecord[]): Promise<void> => {
    const leader = await leaderOf(cluster, topic, partition);
    await leader.produce({
      acks: ACKS_ALL,
      timeout: REPLICATION_TIMEOUT_MS,
      topicData: [{ topic, partitions: [{ partition, messages: records.map(toKafkaMessage) }] }],
    });
  };

  return {
    async append(partition, records) {
      for (const batch of toBatches(records)) {
        const what = `take ${batch.length} ${batch.length === 1 ? "record" : "records"} for partition ${partition} of ${topic}`;
        await connection.run(what, 0, (cluster) => produce(cluster, partition, batch));
      }
    },
    async close() {
      connection.close();
    },
  };
}

/**
 * The reading end of one partition over Kafka. Only inside a Durable Object.
 *
 * It belongs to no consumer group, so nothing is to be rebalanced when its object is moved or crashes; its
 * commits show as the group `{group}-{topic}` in lag tools, all partitions together.
 *
 * @param group who reads: every reader with a cursor of its own takes its own name.
 */
export function createKafkaSource(
  settings: KafkaSettings,
  partitions: number,
  partition: number,
  group = "freshet-reader",
): LogSource {
  const { topic } = settings;
  const groupId = `${group}-${topic}`;
  const connection = new KafkaConnection(settings, (cluster) => prepareTopic(cluster, settings, partitions));
  const what = (verb: string): string => `${verb} partition ${partition} of ${topic}`;

  return {
    read: (fromOffset, maxBytes, waitMs) =>
      connection.run(what("read"), waitMs, (cluster) =>
        new PartitionFetch(cluster, topic, partition, maxBytes, waitMs).read(fromOffset),
      ),
    commit: (nextOffset) =>
      connection.run(what("note the offset of"), 0, async (cluster) => {
        const coordinator = await cluster.findGroupCoordinator({ groupId });
        await coordinator.offsetCommit({
          groupId,
          // A commit from outside the group's membership, as consumers with fixed partitions make it.
          memberId: "",
          groupGenerationId: -1,
          topics: [{ topic, partitions: [{ partition, offset: String(nextOffset) }] }],
        });
      }),
    async close() {
      connection.close();
    },
  };
}

interface FetchedPartition {
  highWatermark: string;
  messages: (KafkaMessage & { isControlRecord?: boolean })[];
}

/** One `read`: as many fetches as it takes to come to a record, or to the end of the wait. */
class PartitionFetch {
  readonly #cluster: Cluster;
  readonly #topic: string;
  readonly #partition: number;
  readonly #maxBytes: number;
  readonly #deadlineMs: number;

  constructor(cluster: Cluster, topic: string, partition: number, maxBytes: number, waitMs: number) {
    this.#cluster = cluster;
    this.#topic = topic;
    this.#partition = partition;
    this.#maxBytes = maxBytes;
    this.#deadlineMs = Date.now() + waitMs;
  }

  async read(fromOffset: number | "earliest"): Promise<LogSlice> {
    let offset = fromOffset === "earliest" ? await this.#bound("earliest") : fromOffset;
    for (;;) {
      const fetched = await this.#fetch(offset);
      if (fetched === undefined) {
        const earliest = await this.#bound("earliest");
        if (offset >= earliest) return this.#pastTheEnd(offset);
        offset = earliest;
        continue;
      }
      const { records, nextOffset } = readable(fetched.messages, offset);
      const slice = { records, nextOffset, endOffset: Number(fetched.highWatermark) };
      // What came was only markers of transactions and records that are not ours: read on behind them.
      const onlySkipped = records.length === 0 && nextOffset > offset;
      if (!onlySkipped) return slice;
      offset = nextOffset;
    }
  }

  /** @returns undefined when the partition does not hold that offset. */
  async #fetch(offset: number): Promise<FetchedPartition | undefined> {
    const leader = await leaderOf(this.#cluster, this.#topic, this.#partition);
    const waitMs = Math.max(0, this.#deadlineMs - Date.now());
    const partition = { partition: this.#partition, fetchOffset: String(offset), maxBytes: this.#maxBytes };
    try {
      const { responses } = (await leader.fetch({
        isolationLevel: READ_UNCOMMITTED,
        maxWaitTime: waitMs,
        minBytes: 1,
        maxBytes: this.#maxBytes,
        topics: [{ topic: this.#topic, partitions: [partition] }],
      })) as { responses: { partitions: FetchedPartition[] }[] };
      const fetched = responses[0]?.partitions[0];
      if (fetched === undefined) throw new Error("the answer does not hold the partition");
      return fetched;
    } catch (error) {
      if (errorType(error) === "OFFSET_OUT_OF_RANGE") return undefined;
      throw error;
    }
  }

  /** The topic was made anew, or lost its end: the caller sees `endOffset` before its own. */
  async #pastTheEnd(offset: number): Promise<LogSlice> {
    const endOffset = await this.#bound("latest");
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, this.#deadlineMs - Date.now())));
    return { records: [], nextOffset: offset, endOffset };
  }

  async #bound(which: "earliest" | "latest"): Promise<number> {
    const [answer] = await this.#cluster.fetchTopicsOffset([
      {
        topic: this.#topic,
        partitions: [{ partition: this.#partition }],
        fromBeginning: which === "earliest",
      },
    ]);
    const offset = answer?.partitions[0]?.offset;
    if (offset === undefined) throw new Error(`the ${which} offset is not known`);
    return Number(offset);
  }
}

/** A fetch from the middle of a produced batch brings the batch whole: what lies before `from` is not wanted. */
function readable(
  messages: FetchedPartition["messages"],
  from: number,
): { records: LogSlice["records"]; nextOffset: number } {
  const records: LogSlice["records"] = [];
  let nextOffset = from;
  for (const message of messages) {
    const offset = Number(message.offset);
    if (offset < from) continue;
    nextOffset = offset + 1;
    const record = message.isControlRecord ? undefined : toStoredRecord(message);
    if (record) records.push(record);
  }
  return { records, nextOffset };
}

async function leaderOf(cluster: Cluster, topic: string, partition: number): Promise<Broker> {
  await cluster.refreshMetadataIfNecessary();
  const [nodeId] = Object.keys(cluster.findLeaderForPartitions(topic, [partition]));
  if (nodeId === undefined || nodeId === "-1")
    throw new Error(`partition ${partition} of ${topic} has no leader`);
  return cluster.findBroker({ nodeId });
}
