/** How long drawing may take of a frame of 16 ms: what is left waits for the next one, so that none is missed. */
const BUDGET_MS = 5;
/** Several panels have their data one after another: with a frame for the first, the others would need a second. */
const GATHER_MS = 4;

const waiting = new Set<() => void>();
let requested = false;

/**
 * Runs `task`, which draws a component again, with the next frame or one of those after it, once, however often it was
 * asked for; in the order of asking. A hidden page has no frames.
 */
export function drawSoon(task: () => void): void {
  waiting.add(task);
  request();
}

/** Takes back what was asked for. */
export function forgetDraw(task: () => void): void {
  waiting.delete(task);
}

function request(): void {
  if (requested || waiting.size === 0) return;
  requested = true;
  setTimeout(() => requestAnimationFrame(() => void run()), GATHER_MS);
}

async function run(): Promise<void> {
  const startMs = performance.now();
  for (const task of waiting) {
    waiting.delete(task);
    task();
    // Preact renders in a microtask that the task has queued: after it the time is known.
    await Promise.resolve();
    if (performance.now() - startMs > BUDGET_MS) break;
  }
  requested = false;
  request();
}
