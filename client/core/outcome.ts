/** What became of one request: the server's final word on the batch, or a reason to send it again. */
export type Outcome = { accepted: number } | { retryInMs: number };

/**
 * Reads the answer of `POST /v1/events` to a batch of `count` events. Repeating helps against 408, 425, 429 and 5xx;
 * any other refusal would only be repeated.
 */
export function readOutcome(
  status: number,
  retryAfter: string | null,
  body: string,
  count: number,
  nowMs: number,
): Outcome {
  if (status > 499 || status === 429 || status === 408 || status === 425) {
    return { retryInMs: retryAfterMs(retryAfter, nowMs) };
  }
  let accepted: unknown;
  try {
    accepted = (JSON.parse(body) as { accepted?: unknown } | null)?.accepted;
  } catch {
    // Not ours to understand: the status alone says what happened.
  }
  if (status > 299) return { accepted: 0 };
  return { accepted: typeof accepted === "number" ? Math.min(accepted, count) : count };
}

/** Reads `Retry-After`: seconds or an HTTP date. Milliseconds from now, 0 when there is nothing to wait for. */
export function retryAfterMs(header: string | null, nowMs: number): number {
  if (!header) return 0;
  const seconds = +header;
  return Math.max(0, (isNaN(seconds) ? Date.parse(header) - nowMs : seconds * 1e3) || 0);
}
