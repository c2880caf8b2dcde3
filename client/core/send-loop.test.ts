import { expect, test } from "vitest";
import type { Batch } from "./batch-queue.ts";
import type { Outcome } from "./outcome.ts";
import { SendLoop } from "./send-loop.ts";

/** A loop on a clock that stands still until it is moved, and a server that answers as it is told. */
function stage() {
  let nowMs = 0;
  let ids = 0;
  let timers: { atMs: number; action: () => void }[] = [];
  const posts: { batch: Batch; parting: boolean; answer: (outcome: Outcome | Error) => void }[] = [];
  const world = { online: true };
  const loop = new SendLoop(
    {
      maxBatchEvents: 3,
      maxBatchBytes: 1_000,
      maxQueueBytes: 10_000,
      lingerMs: 100,
      retryBaseMs: 200,
      retryCapMs: 1_000,
      giveUpMs: 1e9,
    },
    {
      nowMs: () => nowMs,
      random: () => 0.5,
      newId: () => `b${++ids}`,
      online: () => world.online,
      setTimer: (action, delayMs) => {
        const timer = { atMs: nowMs + delayMs, action };
        timers.push(timer);
        return () => {
          timers = timers.filter((other) => other !== timer);
        };
      },
      post: (batch, parting) =>
        new Promise((resolve, reject) => {
          const answer = (outcome: Outcome | Error) =>
            outcome instanceof Error ? reject(outcome) : resolve(outcome);
          posts.push({ batch, parting, answer });
        }),
    },
  );
  const advance = async (ms: number) => {
    nowMs += ms;
    for (const timer of timers.filter(({ atMs }) => atMs <= nowMs)) {
      timers = timers.filter((other) => other !== timer);
      timer.action();
    }
    await settle();
  };
  const add = (count: number) => {
    for (let i = 0; i < count; i++) loop.add(`"e${i}"`, 4);
  };
  return { loop, posts, world, advance, add, timers: () => timers };
}

/** Lets promises that are ready run. */
async function settle(): Promise<void> {
  for (let i = 0; i < 10; i++) await Promise.resolve();
}

test("[I8] sends by itself: at once when a batch is full, else after the linger", async () => {
  const { posts, advance, add } = stage();
  add(4);
  await advance(0);
  expect(posts.map(({ batch }) => batch.events.length)).toEqual([3]);
  posts[0]?.answer({ accepted: 3 });
  await settle();
  await advance(100);
  expect(posts.map(({ batch }) => batch.events.length)).toEqual([3, 1]);
});

test("[I8] a failed or unanswered send is repeated under its id after the backoff", async () => {
  const { loop, posts, advance, add } = stage();
  add(3);
  await advance(0);
  posts[0]?.answer(new Error("connection reset"));
  await settle();
  await advance(99);
  expect(posts).toHaveLength(1);
  await advance(1);
  posts[1]?.answer({ retryInMs: 2_000 });
  await settle();
  await advance(2_199);
  expect(posts).toHaveLength(2);
  await advance(1);
  posts[2]?.answer({ accepted: 2 });
  await settle();
  expect(posts.map(({ batch }) => batch.id)).toEqual(["b1", "b1", "b1"]);
  expect(loop.stats()).toEqual({ tracked: 3, queued: 0, accepted: 2, rejected: 1, dropped: 0, retries: 2 });
});

test("[I8] keeps the queue while offline, tries nothing, and a flush sends it when online", async () => {
  const { loop, posts, world, advance, add, timers } = stage();
  world.online = false;
  add(5);
  await loop.part(1_000);
  await advance(600_000);
  expect(posts).toHaveLength(0);
  expect(timers()).toHaveLength(0);
  world.online = true;
  const flushed = loop.flush();
  posts[0]?.answer({ accepted: 3 });
  await settle();
  posts[1]?.answer({ accepted: 2 });
  await flushed;
  expect(loop.stats()).toMatchObject({ accepted: 5, queued: 0 });
});

test("[I8] a flush waits for the request under way, and ends at the first failure", async () => {
  const { loop, posts, advance, add } = stage();
  add(6);
  await advance(0);
  let over = false;
  const flushed = loop.flush().then(() => (over = true));
  posts[0]?.answer({ accepted: 3 });
  await settle();
  expect(posts).toHaveLength(2);
  expect(over).toBe(false);
  posts[1]?.answer({ retryInMs: 0 });
  await flushed;
  expect(loop.stats()).toMatchObject({ accepted: 3, queued: 3 });
});

test("[I8] two flushes at once both end when all is sent", async () => {
  const { loop, posts, add } = stage();
  add(4);
  const flushes = Promise.all([loop.flush(), loop.flush()]);
  posts[0]?.answer({ accepted: 3 });
  await settle();
  posts[1]?.answer({ accepted: 1 });
  await flushes;
  expect(posts).toHaveLength(2);
  expect(loop.stats().accepted).toBe(4);
});

test("[I8] parting sends the batch under way once more, under the same id", async () => {
  const { loop, posts, advance, add } = stage();
  add(5);
  await advance(0);
  const parted = loop.part(1_000);
  expect(posts.map(({ batch, parting }) => [batch.id, parting])).toEqual([
    ["b1", false],
    ["b1", true],
    ["b2", true],
  ]);
  for (const { batch, answer } of posts) answer({ accepted: batch.events.length });
  await parted;
  expect(loop.stats()).toMatchObject({ accepted: 5, queued: 0, retries: 0 });
});

test("[I8] once stopped it takes nothing more and leaves no timer", async () => {
  const { loop, posts, advance, add, timers } = stage();
  add(1);
  loop.stop();
  add(2);
  await advance(1_000);
  expect(posts).toHaveLength(0);
  expect(timers()).toHaveLength(0);
  expect(loop.stats()).toMatchObject({ tracked: 3, queued: 1, dropped: 2 });
});
