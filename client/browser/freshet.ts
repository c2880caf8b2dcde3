import type { QueueLimits, QueueStats } from "../core/batch-queue.ts";
import { readOutcome } from "../core/outcome.ts";
import { SendLoop } from "../core/send-loop.ts";

/** Where events go, and the bounds of what is held back. */
export interface FreshetOptions extends Partial<QueueLimits> {
  /** The origin that serves Freshet, such as `https://events.example.com`. */
  url: string;
  /** A write key: public, as anyone can read it in the page. Give it an origin allow-list and a rate limit. */
  key: string;
}

/** What an event may say besides its name. */
export interface EventDetails {
  /** What is summed, averaged and so on; a finite number. */
  value?: number;
  user?: string;
  props?: Record<string, string | number | boolean | null>;
  /** When it happened: epoch ms, ISO 8601 or a Date. Absent: now. */
  ts?: number | string | Date;
}

export interface Freshet {
  /** Queues an event. Never throws and never blocks: what cannot be sent is counted as dropped. */
  track(name: string, details?: EventDetails): void;
  /** Sends all that is queued; over when nothing is left, or at the first failure (which is retried later). */
  flush(): Promise<void>;
  /** Sends what is left and takes no more. */
  close(): Promise<void>;
  stats(): QueueStats;
}

/** Browsers let requests that outlive their page hold 64 KiB in all: this, and room for the batches' frames. */
const PARTING_BYTES = 60_000;

const LIMITS: QueueLimits = {
  maxBatchEvents: 1_000,
  maxBatchBytes: PARTING_BYTES,
  maxQueueBytes: 1e6,
  lingerMs: 1_000,
  retryBaseMs: 1_000,
  retryCapMs: 30_000,
  giveUpMs: 3e6,
};

const TIMEOUT_MS = 30_000;

/**
 * Starts a client. It holds its queue in memory, through any time without a network, and sends what is left when the page is
 * hidden or closed.
 */
export function createFreshet(options: FreshetOptions): Freshet {
  // The key in the address and a body of text/plain make a "simple" request: other origins need no preflight,
  // and a closing page has no time for one.
  const target = `${options.url.replace(/\/+$/, "")}/v1/events?key=${encodeURIComponent(options.key)}`;
  const { now } = Date;

  const loop = new SendLoop(
    { ...LIMITS, ...options },
    {
      nowMs: now,
      random: Math.random,
      // Not randomUUID, which pages without TLS do not have.
      newId: () => crypto.getRandomValues(new Uint32Array(4)).join("-"),
      setTimer: (action, delayMs) => {
        const timer = setTimeout(action, delayMs);
        return () => clearTimeout(timer);
      },
      online: () => globalThis.navigator?.onLine ?? true,
      // keepalive rather than sendBeacon: a page that was only hidden lives on, and learns whether to send again.
      post: async (batch, keepalive) => {
        const response = await fetch(target, {
          method: "POST",
          body: `{"batch":"${batch.id}","sentAt":${now()},"events":[${batch.events.join()}]}`,
          keepalive,
          credentials: "omit",
          signal: AbortSignal.timeout(TIMEOUT_MS),
        });
        const { status, headers } = response;
        return readOutcome(
          status,
          headers.get("retry-after"),
          await response.text(),
          batch.events.length,
          now(),
        );
      },
    },
  );

  const flush = () => loop.flush();
  const part = () => loop.part(PARTING_BYTES);
  const listeners: [EventTarget | undefined, string, () => unknown][] = [
    [globalThis.window, "pagehide", part],
    [globalThis.window, "online", flush],
    [
      globalThis.document,
      "visibilitychange",
      () => {
        if (document.visibilityState === "hidden") void part();
      },
    ],
  ];
  for (const [target, type, run] of listeners) target?.addEventListener(type, run);

  return {
    track(name, { value, user, props, ts = now() } = {}) {
      loop.add(...encode({ name, ts, value, user, props }));
    },
    flush,
    stats: () => loop.stats(),
    async close() {
      for (const [target, type, run] of listeners) target?.removeEventListener(type, run);
      const last = part();
      loop.stop();
      await last;
    },
  };
}

/** An event's JSON and its length in UTF-8; nothing when it has none (a cycle, a BigInt) or JSON would alter its value. */
function encode(event: {
  value: unknown;
  [field: string]: unknown;
}): [json: string | undefined, bytes: number] {
  try {
    const { value } = event;
    if (value === undefined || Number.isFinite(value)) {
      const json = JSON.stringify(event);
      return [json, new TextEncoder().encode(json).length];
    }
  } catch {}
  return [undefined, 0];
}
