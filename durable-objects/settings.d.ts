import { type Result } from "../protocol/result.ts";
/** How to reach Kafka. */
export interface KafkaSettings {
  brokers: string[];
  topic: string;
  tls: boolean;
  /** `KAFKA_RETENTION_MS`: for a topic that Freshet creates; -1 keeps records for ever. */
  retentionMs: number;
  /** `KAFKA_REPLICATION`: copies of each partition of a topic that Freshet creates; -1 is the brokers' default. */
  replication: number;
  sasl?: {
    mechanism: "plain" | "scram-sha-256" | "scram-sha-512";
    username: string;
    password: string;
  };
}
/** What the deployment says, checked. Each field names its setting. */
export interface Settings {
  /** `PARTITIONS`: partitions of the event log, and readers. */
  partitions: number;
  /** `KAFKA_*`; absent: the embedded log. */
  kafka?: KafkaSettings;
  /** `DEDUP_WINDOW_MS`: how long a batch id is remembered. */
  dedupWindowMs: number;
  /** `FUTURE_LIMIT_MS`: how far in the future an event may lie. */
  futureLimitMs: number;
  /** `IDLE_PARTITION_MS`: after how long without records a partition no longer holds the watermark. */
  idlePartitionMs: number;
  /** `LOG_RETENTION_MS`: how long the embedded log keeps records that were read. */
  logRetentionMs: number;
  /** `LIVE_TICK_MS`: shortest distance of two frames of one metric. */
  liveTickMs: number;
  /** `LIVE_RETENTION_MS`: how long a metric's points are kept for queries. */
  liveRetentionMs: number;
  /** `ROOT_KEY`: the secret that may create projects and keys; absent: nobody may. */
  rootKey?: string;
  /** `METRICS_TOKEN`: what `/metrics` asks for as a bearer token; absent: it is open. */
  metricsToken?: string;
  /** `PUBLIC_READ_KEY`: a read key given to whoever opens the dashboard without one; absent: it asks for a key. */
  publicReadKey?: string;
}
/**
 * Checks the settings of `wrangler.toml` and the secrets.
 *
 * @param env variable names to their values; what is not a setting is passed over.
 * @returns the settings with their defaults, or a sentence that names the wrong one.
 */
export declare function parseSettings(env: Record<string, unknown>): Result<Settings>;
