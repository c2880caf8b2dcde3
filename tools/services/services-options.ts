export interface ServicesOptions {
  /** The state folder: each service gets a folder in it. */
  dir: string;
  kafkaPort: number;
  tsdbPort: number;
}

/** Kafka and a time-series database that run. */
export interface Services {
  /** How they were started. */
  by: string;
  /** The settings with which Freshet uses them. */
  settings: Record<"KAFKA_BROKERS" | "TSDB_WRITE_URL" | "TSDB_QUERY_URL", string>;
  /** Settles with a sentence when one of them ends by itself. */
  ended: Promise<string>;
  stop(): Promise<void>;
}

/** The settings for a Kafka at `brokers` and a VictoriaMetrics at `url`. */
export function kafkaAndVictoriaMetrics(brokers: string, url: string): Services["settings"] {
  return { KAFKA_BROKERS: brokers, TSDB_WRITE_URL: `${url}/api/v1/write`, TSDB_QUERY_URL: url };
}
