import { describe, expect, test } from "vitest";
import { parseSettings, type Settings } from "./settings.ts";

const SASL = {
  KAFKA_BROKERS: "a:9092",
  KAFKA_SASL_MECHANISM: "SCRAM-SHA-256",
  KAFKA_SASL_USERNAME: "user",
  KAFKA_SASL_PASSWORD: "secret",
};

describe("settings that are right", () => {
  test("[O4] nothing set is the embedded log with every default", () => {
    expect(settings({})).toEqual({
      partitions: 4,
      dedupWindowMs: 3_600_000,
      futureLimitMs: 5_000,
      idlePartitionMs: 5_000,
      logRetentionMs: 86_400_000,
      liveTickMs: 200,
      hubSockets: 2_000,
      unheardBytes: 16 * 2 ** 20,
      liveRetentionMs: 2_592_000_000,
      liveFineMs: 21_600_000,
      archiveEveryMs: 300_000,
      archivePointsEveryMs: 3_600_000,
      liveBytes: 4 * 2 ** 30,
      allowPrivateWebhooks: false,
    });
  });

  test("[O4] an empty variable counts as not set, and what is no setting is passed over", () => {
    const env = { PARTITIONS: "", KAFKA_BROKERS: "", KAFKA_SASL_USERNAME: "", CATALOG: {}, ASSETS: null };
    expect(settings(env)).toEqual(settings({}));
  });

  test("[O4] numbers may come as numbers or as text", () => {
    expect(settings({ PARTITIONS: 8 }).partitions).toBe(8);
    expect(settings({ PARTITIONS: "8" }).partitions).toBe(8);
  });

  test("[O4] Kafka needs no more than its brokers", () => {
    expect(settings({ KAFKA_BROKERS: "a.example:9092, b.example:9093" }).kafka).toEqual({
      brokers: ["a.example:9092", "b.example:9093"],
      topic: "freshet-events",
      tls: false,
      retentionMs: 7 * 86_400_000,
      replication: -1,
    });
  });

  test("[O4] Kafka with all that it takes", () => {
    const env = {
      ...SASL,
      KAFKA_TOPIC: "events.v1",
      KAFKA_TLS: "true",
      KAFKA_RETENTION_MS: "-1",
      KAFKA_REPLICATION: 3,
    };
    expect(settings(env).kafka).toEqual({
      brokers: ["a:9092"],
      topic: "events.v1",
      tls: true,
      retentionMs: -1,
      replication: 3,
      sasl: { mechanism: "scram-sha-256", username: "user", password: "secret" },
    });
  });

  test("[O4] a hot store is written to and asked at addresses of their own", () => {
    const env = {
      TSDB_WRITE_URL: "http://db/api/v1/write",
      TSDB_QUERY_URL: "https://q/prom/",
      TSDB_TOKEN: "t",
    };
    const { hotWrite, hotQuery } = settings(env);
    expect(hotWrite).toEqual({ writeUrl: "http://db/api/v1/write", token: "t" });
    expect(hotQuery).toEqual({ queryUrl: "https://q/prom", token: "t" });
    expect(settings({ TSDB_QUERY_URL: "http://q" }).hotWrite).toBeUndefined();
  });

  test("[O4] secrets are taken as they are", () => {
    const { rootKey, metricsToken } = settings({ ROOT_KEY: "0123456789abcdef", METRICS_TOKEN: "t" });
    expect({ rootKey, metricsToken }).toEqual({ rootKey: "0123456789abcdef", metricsToken: "t" });
  });
});

describe("settings that are wrong", () => {
  test.each([
    [{ PARTITIONS: "0" }, `PARTITIONS is "0"; expected a whole number from 1 to 256`],
    [{ PARTITIONS: "257" }, `PARTITIONS is "257"; expected a whole number from 1 to 256`],
    [{ PARTITIONS: "four" }, `PARTITIONS is "four"; expected a whole number from 1 to 256`],
    [{ PARTITIONS: "1e2" }, `PARTITIONS is "1e2"; expected a whole number from 1 to 256`],
    [{ PARTITIONS: " 4" }, `PARTITIONS is " 4"; expected a whole number from 1 to 256`],
    [{ LIVE_TICK_MS: 2.5 }, `LIVE_TICK_MS is "2.5"; expected a whole number from 10 to 10000`],
    [{ KAFKA_BROKERS: "a" }, `KAFKA_BROKERS holds "a"; expected host:port`],
    [{ KAFKA_BROKERS: "a:1,,b:2" }, `KAFKA_BROKERS holds ""; expected host:port`],
    [{ KAFKA_BROKERS: "a:99999" }, `KAFKA_BROKERS holds "a:99999"; expected host:port`],
    [{ KAFKA_BROKERS: "kafka://a:9092" }, `KAFKA_BROKERS holds "kafka://a:9092"; expected host:port`],
    [{ ...SASL, KAFKA_TOPIC: "a b" }, `KAFKA_TOPIC is "a b"; expected letters, digits`],
    [{ ...SASL, KAFKA_TOPIC: ".." }, `KAFKA_TOPIC is ".."; expected letters, digits`],
    [{ ...SASL, KAFKA_TLS: "yes" }, `KAFKA_TLS is "yes"; expected 'true' or 'false'`],
    [{ ...SASL, KAFKA_RETENTION_MS: "1d" }, `KAFKA_RETENTION_MS is "1d"; expected a whole number from -1 to`],
    [{ ...SASL, KAFKA_REPLICATION: "0" }, `KAFKA_REPLICATION is "0"; expected -1 or a whole number from 1`],
    [
      { ...SASL, KAFKA_SASL_MECHANISM: "GSSAPI" },
      `KAFKA_SASL_MECHANISM is "GSSAPI"; expected one of plain, scram`,
    ],
    [{ ...SASL, KAFKA_SASL_MECHANISM: "" }, `KAFKA_SASL_MECHANISM is nothing; expected one of plain, scram`],
    [{ ...SASL, KAFKA_SASL_USERNAME: "" }, `KAFKA_SASL_USERNAME is not set, but KAFKA_SASL_MECHANISM is`],
    [{ ...SASL, KAFKA_SASL_PASSWORD: "" }, `KAFKA_SASL_PASSWORD is not set, but KAFKA_SASL_MECHANISM is`],
    [{ ...SASL, KAFKA_BROKERS: "" }, `KAFKA_SASL_MECHANISM is set, but KAFKA_BROKERS is not`],
    [{ LIVE_BYTES: "1000" }, `LIVE_BYTES is "1000"; expected a whole number from 1048576 to`],
    [{ TSDB_WRITE_URL: "db:8428" }, `TSDB_WRITE_URL is "db:8428"; expected an http or https address such as`],
    [
      { TSDB_WRITE_URL: "https://db/x?y=1" },
      `TSDB_WRITE_URL is "https://db/x?y=1"; expected an address without`,
    ],
    [{ TSDB_QUERY_URL: "tsdb" }, `TSDB_QUERY_URL is "tsdb"; expected an http or https address such as`],
    [{ TSDB_QUERY_URL: "http://u:p@db" }, `TSDB_QUERY_URL holds a user or a password; expected an address`],
    [{ TSDB_TOKEN: "t" }, `TSDB_TOKEN is set, but neither TSDB_WRITE_URL nor TSDB_QUERY_URL is`],
    [{ TSDB_TOKEN: "a b", TSDB_QUERY_URL: "http://db" }, `TSDB_TOKEN holds a space or another character`],
    [{ ROOT_KEY: "short" }, `ROOT_KEY has 5 characters; expected a secret of at least 16`],
  ])("[O4] %o is refused with a sentence that names it", (env, sentence) => {
    const result = parseSettings(env);
    expect(result).toMatchObject({ ok: false, reason: "setting" });
    expect(result.ok ? "" : result.message).toContain(sentence);
  });

  test("[O4] no sentence repeats a secret", () => {
    const env = { ...SASL, KAFKA_SASL_PASSWORD: "hunter2-hunter2", KAFKA_SASL_USERNAME: "" };
    const result = parseSettings({ ...env, ROOT_KEY: "hunter2" });
    expect(result.ok ? "" : result.message).not.toContain("hunter2");
  });
});

function settings(env: Record<string, unknown>): Settings {
  const result = parseSettings(env);
  if (!result.ok) throw new Error(result.message);
  return result.value;
}
