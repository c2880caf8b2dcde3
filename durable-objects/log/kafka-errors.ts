/** No answer in time: it may come all the same. */
export class TimeoutError extends Error {
  override name = "TimeoutError";
}

/** Refusals of a cluster that is electing a leader or making a topic: over in a moment, and nothing was written. */
const SETTLING = new Set([
  "NOT_LEADER_FOR_PARTITION",
  "LEADER_NOT_AVAILABLE",
  "UNKNOWN_TOPIC_OR_PARTITION",
  "GROUP_COORDINATOR_NOT_AVAILABLE",
  "GROUP_LOAD_IN_PROGRESS",
  "NOT_COORDINATOR_FOR_GROUP",
]);
const SETTLE_WITHIN_MS = 3_000;

/**
 * Whether to try again after `error`, and how long to wait before: a cluster that settles is given some seconds;
 * a connection that had worked may have been cut while nobody looked, so one more try on a new one tells.
 *
 * @returns milliseconds, or undefined when the error is the caller's to deal with.
 */
export function retryDelayMs(
  error: unknown,
  { proven, tries, elapsedMs }: { proven: boolean; tries: number; elapsedMs: number },
): number | undefined {
  if (SETTLING.has(errorType(error) ?? "")) {
    return elapsedMs < SETTLE_WITHIN_MS ? Math.min(500, 50 * 2 ** (tries - 1)) : undefined;
  }
  return proven && tries === 1 && !(error instanceof TimeoutError) ? 0 : undefined;
}

/** Kafka's name of an error, such as `NOT_LEADER_FOR_PARTITION`. */
export function errorType(error: unknown): string | undefined {
  const { type, cause } = error as { type?: unknown; cause?: unknown };
  if (typeof type === "string") return type;
  return typeof cause === "object" && cause !== null ? errorType(cause) : undefined;
}

const LOGIN_HINT = "see KAFKA_SASL_MECHANISM, KAFKA_SASL_USERNAME, KAFKA_SASL_PASSWORD";
const TLS_HINT = "KAFKA_TLS is true: the broker must speak TLS, with a certificate of a public authority";

/**
 * The sentence that says most, with the settings to look at. Making topics fails with an aggregate whose own
 * message names no reason.
 *
 * @param tls whether the connection was to be by TLS: the runtime does not say why a handshake failed.
 */
export function reasonOf(error: unknown, tls = false): string {
  const { errors } = error as { errors?: unknown };
  const first: unknown = Array.isArray(errors) ? errors[0] : error;
  const message = first instanceof Error ? first.message : String(first);
  if (isNamed(error, "KafkaJSSASLAuthenticationError")) return `${message} (${LOGIN_HINT})`;
  return tls && isNamed(error, "KafkaJSConnectionError") ? `${message} (${TLS_HINT})` : message;
}

/** Whether the error or one of its causes has that name. */
function isNamed(error: unknown, wanted: string): boolean {
  const { name, cause } = error as { name?: unknown; cause?: unknown };
  return name === wanted || (typeof cause === "object" && cause !== null && isNamed(cause, wanted));
}
