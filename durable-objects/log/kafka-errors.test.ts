import { describe, expect, test } from "vitest";
import { reasonOf, retryDelayMs, TimeoutError } from "./kafka-errors.ts";

const settling = { message: "no leader", cause: { type: "NOT_LEADER_FOR_PARTITION" } };
const cut = new Error("Closed connection");

describe("retryDelayMs", () => {
  test("[I2] a cluster that elects a leader is asked again, ever slower, for some seconds", () => {
    const delays = [1, 2, 3, 4, 5, 6].map((tries) =>
      retryDelayMs(settling, { proven: false, tries, elapsedMs: 100 }),
    );
    expect(delays).toEqual([50, 100, 200, 400, 500, 500]);
    expect(retryDelayMs(settling, { proven: true, tries: 2, elapsedMs: 3_000 })).toBe(undefined);
  });

  test("[I2] a connection that had worked is replaced once, a new one that fails is an error", () => {
    expect(retryDelayMs(cut, { proven: true, tries: 1, elapsedMs: 0 })).toBe(0);
    expect(retryDelayMs(cut, { proven: true, tries: 2, elapsedMs: 0 })).toBe(undefined);
    expect(retryDelayMs(cut, { proven: false, tries: 1, elapsedMs: 0 })).toBe(undefined);
  });

  test("[I2] silence is an error at once: trying again would double the wait", () => {
    expect(retryDelayMs(new TimeoutError(), { proven: true, tries: 1, elapsedMs: 5_000 })).toBe(undefined);
  });
});

describe("reasonOf", () => {
  test("[O4] an aggregate gives its first reason, a refused login the settings to look at", () => {
    const aggregate = Object.assign(new Error("Topic errors"), { errors: [new Error("not allowed")] });
    expect(reasonOf(aggregate)).toBe("not allowed");
    const login = Object.assign(new Error("denied"), { name: "KafkaJSSASLAuthenticationError" });
    expect(reasonOf(login)).toContain("denied (see KAFKA_SASL_MECHANISM, KAFKA_SASL_USERNAME");
    expect(reasonOf(new Error("x", { cause: login }))).toContain("KAFKA_SASL_USERNAME");
  });

  test("[O4] a connection that fails by TLS says so", () => {
    const failure = Object.assign(new Error("cannot connect"), { name: "KafkaJSConnectionError" });
    expect(reasonOf(failure, true)).toContain("cannot connect (KAFKA_TLS is true");
    expect(reasonOf(failure, false)).toBe("cannot connect");
  });
});
