/** Who keeps the time. */
export interface Timekeeper {
  readonly nowMs: number;
  /** Calls back after `ms`, unless the returned function is called before. */
  after(ms: number, callback: () => void): () => void;
}

interface ClockGlobals {
  setTimeout: unknown;
  clearTimeout: unknown;
  scheduler: unknown;
}

/**
 * Has `Date.now`, `setTimeout`, `clearTimeout` and `scheduler.wait` follow a timekeeper.
 *
 * @returns a function that puts back what was there.
 */
export function followTimekeeper(timekeeper: Timekeeper): () => void {
  const globals = globalThis as unknown as ClockGlobals;
  const { setTimeout, clearTimeout, scheduler } = globals;
  const { now } = Date;
  const running = new Map<number, () => void>();
  let lastId = 0;
  Date.now = () => timekeeper.nowMs;
  globals.setTimeout = (callback: () => void, ms = 0): number => {
    const id = ++lastId;
    running.set(id, timekeeper.after(ms, callback));
    return id;
  };
  globals.clearTimeout = (id: number | null): void => {
    running.get(id ?? 0)?.();
  };
  globals.scheduler = {
    wait: (ms: number, { signal }: { signal?: AbortSignal } = {}) => waiting(timekeeper, ms, signal),
  };
  return () => {
    Date.now = now;
    Object.assign(globals, { setTimeout, clearTimeout, scheduler });
  };
}

function waiting(timekeeper: Timekeeper, ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const cancel = timekeeper.after(ms, resolve);
    signal?.addEventListener("abort", () => {
      cancel();
      reject(new Error("the wait was aborted"));
    });
  });
}
