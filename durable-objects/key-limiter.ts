import { DurableObject } from "cloudflare:workers";
import type { Env } from "./env.ts";
import { refill, type TokenBucket } from "./token-bucket.ts";

/** A key's bound: so many requests in so many milliseconds. */
export interface RateLimit {
  requests: number;
  perMs: number;
}

/** Whether a request may pass, and what the `RateLimit-*` headers say. */
export interface LimitDecision {
  allowed: boolean;
  remaining: number;
  /** Milliseconds until a request would pass. */
  retryAfterMs: number;
  /** Milliseconds until the bucket is full. */
  resetMs: number;
}

/**
 * The token bucket of one key, exact over all of the edge. In memory: an object that nobody has called for long
 * enough to be evicted has a full bucket anyway.
 */
export class KeyLimiter extends DurableObject<Env> {
  #bucket: TokenBucket | undefined;

  take(limit: RateLimit): LimitDecision {
    const bucket = refill(this.#bucket, limit, Date.now());
    const allowed = bucket.tokens >= 1;
    if (allowed) bucket.tokens -= 1;
    this.#bucket = bucket;
    const msPerToken = limit.perMs / limit.requests;
    return {
      allowed,
      remaining: Math.floor(bucket.tokens),
      retryAfterMs: allowed ? 0 : Math.ceil((1 - bucket.tokens) * msPerToken),
      resetMs: Math.ceil((limit.requests - bucket.tokens) * msPerToken),
    };
  }
}
