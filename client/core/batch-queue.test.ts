import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { BatchQueue, type Batch, type QueueLimits } from "./batch-queue.ts";

const LIMITS: QueueLimits = {
  maxBatchEvents: 5,
  maxBatchBytes: 60,
  maxQueueBytes: 200,
  lingerMs: 100,
  retryBaseMs: 50,
  retryCapMs: 1_000,
  giveUpMs: Number.POSITIVE_INFINITY,
};

function queueWith(limits: Partial<QueueLimits> = {}, random = () => 0.5): BatchQueue {
  let id = 0;
  return new BatchQueue({ ...LIMITS, ...limits }, () => `b${++id}`, random);
}

function pushed(count: number, limits: Partial<QueueLimits> = {}, random?: () => number): BatchQueue {
  const queue = queueWith({ maxQueueBytes: 1e6, ...limits }, random);
  for (let i = 0; i < count; i++) queue.push(`e${i}`, 2, 0);
  return queue;
}

function taken(batch: Batch | undefined): Batch {
  if (!batch) throw new Error("the queue gave no batch");
  return batch;
}

describe("when a batch goes", () => {
  test("[I8] a batch goes when it is full, else when its oldest event has waited", () => {
    expect(pushed(5).next(0)?.events).toEqual(["e0", "e1", "e2", "e3", "e4"]);
    const queue = pushed(2);
    expect(queue.next(99)).toBeUndefined();
    expect(queue.dueAtMs(99)).toBe(100);
    expect(queue.next(100)?.events).toEqual(["e0", "e1"]);
  });

  test("[I8] bytes fill a batch as well as events", () => {
    const queue = queueWith();
    for (let i = 0; i < 4; i++) queue.push("x".repeat(19), 19, 0);
    expect(queue.next(0)?.events).toHaveLength(3);
  });

  test("[I8] one request is under way at a time", () => {
    const queue = pushed(12);
    const first = taken(queue.next(0));
    expect(queue.next(1e6, true)).toBeUndefined();
    expect(queue.dueAtMs(1e6)).toBeUndefined();
    queue.settle(first, 5);
    expect(queue.next(0)?.id).toBe("b2");
  });

  test("[I8] a clock that is set back holds nothing up for longer than one linger", () => {
    const queue = queueWith();
    queue.push("e", 1, 1_000_000);
    expect(queue.dueAtMs(500)).toBe(600);
  });
});

describe("retries", () => {
  test("[I8] a failed batch comes again under its id, before all others", () => {
    const queue = pushed(10);
    const first = taken(queue.next(0));
    queue.fail(first, 0, 0);
    expect(queue.next(24)).toBeUndefined();
    expect(queue.next(25)).toBe(first);
    expect(queue.stats()).toMatchObject({ retries: 1, queued: 10 });
  });

  test("[I8] the backoff doubles up to its cap and is jittered in full", () => {
    for (const random of [0, 0.5, 0.999]) {
      const queue = pushed(5, {}, () => random);
      let nowMs = 0;
      for (const boundMs of [50, 100, 200, 400, 800, 1_000, 1_000]) {
        queue.fail(taken(queue.next(nowMs)), 0, nowMs);
        expect(queue.dueAtMs(nowMs)).toBeCloseTo(nowMs + random * boundMs);
        nowMs = queue.dueAtMs(nowMs) ?? nowMs;
      }
    }
  });

  test("[I8] Retry-After is a floor under the jitter, and not even a flush goes below it", () => {
    const queue = pushed(5);
    queue.fail(taken(queue.next(0)), 3_000, 0);
    expect(queue.dueAtMs(0)).toBe(3_025);
    expect(queue.next(2_999, true)).toBeUndefined();
    expect(queue.part(1e6, 2_999)).toEqual([]);
    expect(queue.next(3_000, true)?.id).toBe("b1");
  });

  test("[I8] a flush does not wait for a backoff that no server asked for", () => {
    const queue = pushed(5);
    queue.fail(taken(queue.next(0)), 0, 0);
    expect(queue.next(0, true)?.id).toBe("b1");
  });

  test("[I8] a Retry-After of a year is cut to ten minutes", () => {
    const queue = pushed(5);
    queue.fail(taken(queue.next(0)), 3e10, 0);
    expect(queue.dueAtMs(0)).toBe(600_025);
  });

  test("[I8] success ends the backoff, and the next failure begins a new one", () => {
    const queue = pushed(10);
    for (let i = 0; i < 4; i++) queue.fail(taken(queue.next(0, true)), 0, 0);
    queue.settle(taken(queue.next(0, true)), 5);
    const second = taken(queue.next(0));
    expect(second.id).toBe("b2");
    queue.fail(second, 0, 0);
    expect(queue.dueAtMs(0)).toBe(25);
  });

  test("[I8] a batch under way is not given up: its answer may still come", () => {
    const queue = pushed(5, { giveUpMs: 1_000 });
    const batch = taken(queue.next(0));
    queue.dueAtMs(5_000);
    queue.settle(batch, 5);
    expect(queue.stats()).toMatchObject({ accepted: 5, dropped: 0 });
  });

  test("[I8] a batch is given up before the server can have forgotten its id, and counted", () => {
    const queue = pushed(6, { giveUpMs: 1_000 });
    queue.fail(taken(queue.next(0)), 0, 999);
    expect(queue.next(1_024)?.events).toEqual(["e5"]);
    expect(queue.stats()).toMatchObject({ tracked: 6, dropped: 5, queued: 1 });
  });
});

describe("bounds", () => {
  test("[I8] a full queue drops the oldest waiting events and counts them, never those of a sent batch", () => {
    const queue = queueWith({ maxQueueBytes: 30 });
    for (let i = 0; i < 5; i++) queue.push(`e${i}`, 2, 0);
    const sent = taken(queue.next(0));
    for (let i = 5; i < 15; i++) queue.push(`e${i}`, 2, 0);
    queue.settle(sent, 5);
    expect(sent.events[0]).toBe("e0");
    expect(queue.next(0, true)?.events).toEqual(["e10", "e11", "e12", "e13", "e14"]);
    expect(queue.stats()).toMatchObject({ tracked: 15, accepted: 5, dropped: 5, queued: 5 });
  });

  test("[I8] an event larger than a batch is dropped and counted", () => {
    const queue = queueWith();
    queue.push("x".repeat(60), 60, 0);
    expect(queue.stats()).toMatchObject({ tracked: 1, dropped: 1, queued: 0 });
  });
});

describe("parting", () => {
  test("[I8] what has no answer goes again under its id, then what waits, within the bytes allowed", () => {
    const queue = pushed(20);
    const flying = taken(queue.next(0));
    const parting = queue.part(40, 0);
    expect(parting.map((batch) => batch.id)).toEqual(["b1", "b2", "b3"]);
    expect(parting[0]).toBe(flying);
    expect(parting.flatMap((batch) => batch.events)).toHaveLength(13);
    expect(queue.part(40, 0)).toEqual([]);
  });

  test("[I8] of two answers to one batch the first counts", () => {
    const queue = pushed(5);
    const batch = taken(queue.next(0));
    queue.part(1e6, 0);
    queue.settle(batch, 5);
    queue.fail(batch, 0, 0);
    expect(queue.stats()).toMatchObject({ accepted: 5, retries: 0, queued: 0 });
  });

  test("[I8] while one request of a batch is under way, the failure of the other is none", () => {
    const queue = pushed(5);
    const batch = taken(queue.next(0));
    queue.part(1e6, 0);
    queue.fail(batch, 3_000, 0);
    expect(queue.stats()).toMatchObject({ retries: 0, queued: 5 });
    queue.settle(batch, 5);
    expect(queue.stats()).toMatchObject({ accepted: 5, queued: 0 });
  });

  test("[I8] what a first parting did not deliver, a second one takes along", () => {
    const queue = pushed(5);
    for (const batch of queue.part(1e6, 0)) queue.fail(batch, 0, 0);
    expect(queue.part(1e6, 0).map((batch) => batch.id)).toEqual(["b1"]);
  });

  test("[I8] a page that lives on retries what its parting requests did not deliver", () => {
    const queue = pushed(7);
    for (const batch of queue.part(1e6, 0)) queue.fail(batch, 0, 0);
    queue.settle(taken(queue.next(1_000)), 5);
    queue.settle(taken(queue.next(1_000)), 2);
    expect(queue.stats()).toMatchObject({ accepted: 7, queued: 0 });
  });
});

describe("any sequence of calls", () => {
  const step = fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({ do: fc.constant("push" as const), bytes: fc.integer({ min: 1, max: 70 }) }),
    },
    {
      weight: 2,
      arbitrary: fc.record({ do: fc.constant("wait" as const), ms: fc.integer({ min: -50, max: 400 }) }),
    },
    { weight: 3, arbitrary: fc.record({ do: fc.constant("next" as const), hurry: fc.boolean() }) },
    {
      weight: 1,
      arbitrary: fc.record({ do: fc.constant("part" as const), bytes: fc.integer({ min: 0, max: 150 }) }),
    },
    {
      weight: 4,
      arbitrary: fc.record({
        do: fc.constant("answer" as const),
        which: fc.nat(),
        // Not every batch that arrives is answered, and not every one that is not answered arrived.
        arrives: fc.boolean(),
        answered: fc.boolean(),
        waitMs: fc.constantFrom(0, 0, 300),
      }),
    },
  );

  test("[I8] nothing is lost or counted twice: each event is stored once, or dropped and counted", () => {
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 120 }),
        fc.double({ min: 0, max: 0.99, noNaN: true }),
        (steps, random) => {
          const queue = queueWith({}, () => random);
          const stored = new Map<string, readonly string[]>();
          const flying: Batch[] = [];
          let nowMs = 1_000;
          let made = 0;
          const answer = (batch: Batch, arrives: boolean, answered: boolean, waitMs: number) => {
            if (arrives && stored.has(batch.id)) expect(stored.get(batch.id)).toEqual(batch.events);
            if (arrives) stored.set(batch.id, [...batch.events]);
            if (arrives && answered) queue.settle(batch, batch.events.length);
            else queue.fail(batch, waitMs, nowMs);
          };
          const take = (batches: (Batch | undefined)[]) => {
            for (const batch of batches) {
              if (!batch) continue;
              expect(batch.events.length).toBeLessThanOrEqual(LIMITS.maxBatchEvents);
              expect(batch.bytes).toBeLessThanOrEqual(LIMITS.maxBatchBytes);
              flying.push(batch);
            }
          };
          for (const one of steps) {
            if (one.do === "push") queue.push(`event ${made++}`, one.bytes, nowMs);
            else if (one.do === "wait") nowMs += one.ms;
            else if (one.do === "next") take([queue.next(nowMs, one.hurry)]);
            else if (one.do === "part") take(queue.part(one.bytes, nowMs));
            else {
              const [batch] = flying.splice(one.which % (flying.length || 1), 1);
              if (batch) answer(batch, one.arrives, one.answered, one.waitMs);
            }
            expect(queue.bytes).toBeLessThanOrEqual(LIMITS.maxQueueBytes);
          }
          for (const batch of flying.splice(0)) answer(batch, true, true, 0);
          nowMs += 1e6;
          for (let batch = queue.next(nowMs, true); batch; batch = queue.next(nowMs, true))
            answer(batch, true, true, 0);

          const { tracked, queued, accepted, rejected, dropped } = queue.stats();
          const all = [...stored.values()].flat();
          expect(queued).toBe(0);
          expect(queue.bytes).toBe(0);
          expect(tracked).toBe(made);
          expect(accepted + rejected + dropped).toBe(made);
          expect(new Set(all).size).toBe(all.length);
          expect(all.length).toBe(accepted);
        },
      ),
      { numRuns: 500 },
    );
  });
});
