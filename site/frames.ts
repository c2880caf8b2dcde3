const waiting = new Set<() => void>();
let requested = false;

/** Runs `task` with the next animation frame, once, however often it was asked for. A hidden page has no frames. */
export function onNextFrame(task: () => void): void {
  waiting.add(task);
  if (requested) return;
  requested = true;
  requestAnimationFrame(() => {
    requested = false;
    const tasks = [...waiting];
    waiting.clear();
    for (const run of tasks) run();
  });
}

/** Takes back what was asked for. */
export function forgetFrame(task: () => void): void {
  waiting.delete(task);
}
