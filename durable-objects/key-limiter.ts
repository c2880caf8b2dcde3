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

/** An idle object is gone after this long at the soonest. */
const EVICTED_AFTER_MS = 10_000;

/**
 * The token bucket of one key, exact over all of the edge. It is in memory alone while it fills within ten seconds:
 * an object that nobody has called for so long that it was evicted has a full one. A slower one is stored.
 */
export class KeyLimiter extends DurableObject<Env> {
  #bucket: TokenBucket | undefined;

  take(limit: RateLimit): LimitDecision {
    const slow = limit.perMs >= EVICTED_AFTER_MS;
    if (slow) this.#bucket ??= this.ctx.storage.kv.get<TokenBucket>("bucket");
    const bucket = refill(this.#bucket, limit, Date.now());
    const allowed = bucket.tokens >= 1;
    if (allowed) bucket.tokens -= 1;
    this.#bucket = bucket;
    if (slow) this.ctx.storage.kv.put("bucket", bucket);
    const msPerToken = limit.perMs / limit.requests;
    return {
      allowed,
      remaining: Math.floor(bucket.tokens),
      retryAfterMs: allowed ? 0 : Math.ceil((1 - bucket.tokens) * msPerToken),
      resetMs: Math.ceil((limit.requests - bucket.tokens) * msPerToken),
    };
  }
}
