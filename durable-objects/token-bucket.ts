/** Tokens left at a moment. */
export interface TokenBucket {
  tokens: number;
  atMs: number;
}

/** The bucket as it stands at `nowMs`: full when new, else filled at `requests` per `perMs` up to `requests`. */
export function refill(
  bucket: TokenBucket | undefined,
  limit: { requests: number; perMs: number },
  nowMs: number,
): TokenBucket {
  if (bucket === undefined) return { tokens: limit.requests, atMs: nowMs };
  const gained = (Math.max(0, nowMs - bucket.atMs) * limit.requests) / limit.perMs;
  return { tokens: Math.min(limit.requests, bucket.tokens + gained), atMs: nowMs };
}
