import { LIMITS } from "../protocol/limits.ts";
import { describe, fail, ok, type Result } from "../protocol/result.ts";

/** How to reach Kafka. */
export interface KafkaSettings {
  brokers: string[];
  topic: string;
  tls: boolean;
  /** `KAFKA_RETENTION_MS`: for a topic that Freshet creates; -1 keeps records for ever. */
  retentionMs: number;
  /** `KAFKA_REPLICATION`: copies of each partition of a topic that Freshet creates; -1 is the brokers' default. */
  replication: number;
  sasl?: { mechanism: "plain" | "scram-sha-256" | "scram-sha-512"; username: string; password: string };
}

/** Where sealed points go. */
export interface HotWriteSettings {
  /** `TSDB_WRITE_URL`: takes Prometheus remote write. */
  writeUrl: string;
  token?: string;
}

/** Where PromQL is answered. */
export interface HotQuerySettings {
  /** `TSDB_QUERY_URL`: what stands before `/api/v1/query`. */
  queryUrl: string;
  token?: string;
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
  /** `HUB_SOCKETS`: WebSockets that one hub takes; with more, hubs form a tree. */
  hubSockets: number;
  /** `LIVE_UNHEARD_BYTES`: what a socket is sent, at most, while nothing is heard of its client. */
  unheardBytes: number;
  /** `LIVE_RETENTION_MS`: how long the window objects keep a metric's points. */
  liveRetentionMs: number;
  /** `LIVE_FINE_MS`: how long, at least, they keep them as they were sealed; older ones are rolled up. */
  liveFineMs: number;
  /** `ARCHIVE_EVERY_MS`: how old a record becomes, at most, before it is archived. */
  archiveEveryMs: number;
  /** `ARCHIVE_POINTS_EVERY_MS`: how long sealed points wait, at most, before they are archived. */
  archivePointsEveryMs: number;
  /** `LIVE_BYTES`: the most that one window object's database takes; beyond it the oldest points go. */
  liveBytes: number;
  /** `TSDB_WRITE_URL`, `TSDB_TOKEN`; absent: sealed points stay with the window objects. */
  hotWrite?: HotWriteSettings;
  /** `TSDB_QUERY_URL`, `TSDB_TOKEN`; absent: PromQL is answered from the window objects. */
  hotQuery?: HotQuerySettings;
  /** `ROOT_KEY`: the secret that may create projects and keys; absent: nobody may. */
  rootKey?: string;
  /** `METRICS_TOKEN`: what `/metrics` asks for as a bearer token; absent: it is open. */
  metricsToken?: string;
  /** `ALERT_PRIVATE_WEBHOOKS`: whether alerts may be posted to addresses of private networks. */
  allowPrivateWebhooks: boolean;
  /** `PUBLIC_READ_KEY`: a read key given to whoever opens the dashboard without one; absent: it asks for a key. */
  publicReadKey?: string;
}

const NUMBERS = {
  PARTITIONS: { field: "partitions", least: 1, most: 256, fallback: 4 },
  DEDUP_WINDOW_MS: { field: "dedupWindowMs", least: 1_000, most: 86_400_000, fallback: 3_600_000 },
  FUTURE_LIMIT_MS: { field: "futureLimitMs", least: 0, most: 86_400_000, fallback: LIMITS.futureMs },
  IDLE_PARTITION_MS: { field: "idlePartitionMs", least: 100, most: 3_600_000, fallback: 5_000 },
  LOG_RETENTION_MS: { field: "logRetentionMs", least: 60_000, most: 30 * 86_400_000, fallback: 86_400_000 },
  LIVE_TICK_MS: { field: "liveTickMs", least: 10, most: 10_000, fallback: 200 },
  HUB_SOCKETS: { field: "hubSockets", least: 1, most: 30_000, fallback: 2_000 },
  LIVE_UNHEARD_BYTES: { field: "unheardBytes", least: 1_024, most: 2 ** 30, fallback: 16 * 2 ** 20 },
  LIVE_RETENTION_MS: {
    field: "liveRetentionMs",
    least: 60_000,
    most: 60 * 86_400_000,
    fallback: 30 * 86_400_000,
  },
  LIVE_FINE_MS: { field: "liveFineMs", least: 1_000, most: 60 * 86_400_000, fallback: 6 * 3_600_000 },
  ARCHIVE_EVERY_MS: { field: "archiveEveryMs", least: 1_000, most: 3_600_000, fallback: 300_000 },
  ARCHIVE_POINTS_EVERY_MS: {
    field: "archivePointsEveryMs",
    least: 1_000,
    most: 86_400_000,
    fallback: 3_600_000,
  },
  LIVE_BYTES: { field: "liveBytes", least: 2 ** 20, most: 9 * 2 ** 30, fallback: 4 * 2 ** 30 },
} as const;

const KAFKA_NUMBERS = {
  KAFKA_RETENTION_MS: { least: -1, most: 10 * 365 * 86_400_000, fallback: 7 * 86_400_000 },
  KAFKA_REPLICATION: { least: -1, most: 32, fallback: -1 },
} as const;

const MECHANISMS = ["plain", "scram-sha-256", "scram-sha-512"] as const;

/**
 * Checks the settings of `wrangler.toml` and the secrets.
 *
 * @param env variable names to their values; what is not a setting is passed over.
 * @returns the settings with their defaults, or a sentence that names the wrong one.
 */
export function parseSettings(env: Record<string, unknown>): Result<Settings> {
  const numbers: Record<string, number> = {};
  for (const [name, { field, least, most, fallback }] of Object.entries(NUMBERS)) {
    const number = parseNumber(env, name, { least, most, fallback });
    if (!number.ok) return number;
    numbers[field] = number.value;
  }
  const settings = numbers as unknown as Settings;
  const kafka = parseKafka(env);
  if (!kafka.ok) return kafka;
  if (kafka.value) settings.kafka = kafka.value;
  const hot = parseHotStore(env);
  if (!hot.ok) return hot;
  Object.assign(settings, hot.value);
  const rootKey = text(env, "ROOT_KEY");
  if (rootKey !== undefined && rootKey.length < 16) {
    return bad(`ROOT_KEY has ${rootKey.length} characters; expected a secret of at least 16`);
  }
  if (rootKey !== undefined) settings.rootKey = rootKey;
  const metricsToken = text(env, "METRICS_TOKEN");
  if (metricsToken !== undefined) settings.metricsToken = metricsToken;
  const privateWebhooks = text(env, "ALERT_PRIVATE_WEBHOOKS") ?? "false";
  if (privateWebhooks !== "true" && privateWebhooks !== "false") {
    return bad(`ALERT_PRIVATE_WEBHOOKS is ${describe(privateWebhooks)}; expected true or false`);
  }
  settings.allowPrivateWebhooks = privateWebhooks === "true";
  const publicReadKey = text(env, "PUBLIC_READ_KEY");
  if (publicReadKey !== undefined) settings.publicReadKey = publicReadKey;
  return ok(settings);
}

function parseHotStore(env: Record<string, unknown>): Result<Pick<Settings, "hotWrite" | "hotQuery">> {
  const given = text(env, "TSDB_TOKEN");
  if (given !== undefined && !/^[\x21-\x7e]+$/.test(given)) {
    return bad("TSDB_TOKEN holds a space or another character that no HTTP header may have");
  }
  const token = given === undefined ? {} : { token: given };
  const writeUrl = parseUrl(env, "TSDB_WRITE_URL", "https://tsdb.example.com/api/v1/write");
  if (!writeUrl.ok) return writeUrl;
  const queryUrl = parseUrl(env, "TSDB_QUERY_URL", "https://tsdb.example.com");
  if (!queryUrl.ok) return queryUrl;
  if (given !== undefined && writeUrl.value === undefined && queryUrl.value === undefined) {
    return bad("TSDB_TOKEN is set, but neither TSDB_WRITE_URL nor TSDB_QUERY_URL is");
  }
  return ok({
    ...(writeUrl.value === undefined ? {} : { hotWrite: { writeUrl: writeUrl.value, ...token } }),
    ...(queryUrl.value === undefined
      ? {}
      : { hotQuery: { queryUrl: queryUrl.value.replace(/\/+$/, ""), ...token } }),
  });
}

function parseUrl(env: Record<string, unknown>, name: string, example: string): Result<string | undefined> {
  const value = text(env, name);
  if (value === undefined) return ok(undefined);
  const url = URL.canParse(value) ? new URL(value) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    return bad(`${name} is ${describe(value)}; expected an http or https address such as ${example}`);
  }
  if (url.username !== "" || url.password !== "") {
    return bad(`${name} holds a user or a password; expected an address alone, and the secret in TSDB_TOKEN`);
  }
  if (url.search !== "" || url.hash !== "") {
    return bad(`${name} is ${describe(value)}; expected an address without ? and #`);
  }
  return ok(url.href);
}

function parseKafka(env: Record<string, unknown>): Result<KafkaSettings | undefined> {
  const list = text(env, "KAFKA_BROKERS");
  if (list === undefined) {
    const stray = Object.keys(env).find(
      (name) => name.startsWith("KAFKA_SASL_") && text(env, name) !== undefined,
    );
    return stray === undefined ? ok(undefined) : bad(`${stray} is set, but KAFKA_BROKERS is not`);
  }
  const brokers = list.split(",").map((broker) => broker.trim());
  for (const broker of brokers) {
    const port = Number(/^[^\s:/]+:(\d{1,5})$/.exec(broker)?.[1] ?? Number.NaN);
    if (!(port >= 1 && port <= 65_535)) {
      return bad(`KAFKA_BROKERS holds ${describe(broker)}; expected host:port, several parted by commas`);
    }
  }
  const topic = text(env, "KAFKA_TOPIC") ?? "freshet-events";
  if (!/^(?!\.{1,2}$)[a-zA-Z0-9._-]{1,249}$/.test(topic)) {
    return bad(`KAFKA_TOPIC is ${describe(topic)}; expected letters, digits, . _ -, at most 249`);
  }
  const tls = text(env, "KAFKA_TLS") ?? "false";
  if (tls !== "true" && tls !== "false")
    return bad(`KAFKA_TLS is ${describe(tls)}; expected 'true' or 'false'`);
  const retentionMs = parseNumber(env, "KAFKA_RETENTION_MS", KAFKA_NUMBERS.KAFKA_RETENTION_MS);
  if (!retentionMs.ok) return retentionMs;
  const replication = parseNumber(env, "KAFKA_REPLICATION", KAFKA_NUMBERS.KAFKA_REPLICATION);
  if (!replication.ok) return replication;
  if (replication.value === 0)
    return bad(`KAFKA_REPLICATION is "0"; expected -1 or a whole number from 1 to 32`);
  const kafka: KafkaSettings = {
    brokers,
    topic,
    tls: tls === "true",
    retentionMs: retentionMs.value,
    replication: replication.value,
  };
  const sasl = parseSasl(env);
  if (!sasl.ok) return sasl;
  if (sasl.value) kafka.sasl = sasl.value;
  return ok(kafka);
}

function parseSasl(env: Record<string, unknown>): Result<KafkaSettings["sasl"]> {
  const username = text(env, "KAFKA_SASL_USERNAME");
  const password = text(env, "KAFKA_SASL_PASSWORD");
  const given = text(env, "KAFKA_SASL_MECHANISM");
  if (given === undefined && username === undefined && password === undefined) return ok(undefined);
  const mechanism = MECHANISMS.find((name) => name === given?.toLowerCase());
  if (mechanism === undefined) {
    return bad(`KAFKA_SASL_MECHANISM is ${describe(given)}; expected one of ${MECHANISMS.join(", ")}`);
  }
  if (username === undefined)
    return bad(`KAFKA_SASL_USERNAME is not set, but KAFKA_SASL_MECHANISM is '${mechanism}'`);
  if (password === undefined)
    return bad(`KAFKA_SASL_PASSWORD is not set, but KAFKA_SASL_MECHANISM is '${mechanism}'`);
  return ok({ mechanism, username, password });
}

function parseNumber(
  env: Record<string, unknown>,
  name: string,
  { least, most, fallback }: { least: number; most: number; fallback: number },
): Result<number> {
  const value = text(env, name);
  if (value === undefined) return ok(fallback);
  const number = /^-?\d{1,15}$/.test(value) ? Number(value) : Number.NaN;
  if (number >= least && number <= most) return ok(number);
  return bad(`${name} is ${describe(value)}; expected a whole number from ${least} to ${most}`);
}

function text(env: Record<string, unknown>, name: string): string | undefined {
  const value = env[name];
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  return typeof value === "string" && value !== "" ? value : undefined;
}

function bad(message: string): { ok: false; reason: string; message: string } {
  return fail("setting", message);
}
