const KEY = "life";

/**
 * Begins a life of an object, on disk: its number is greater than those of all lives before, and by the clock greater than those
 * of an object of the same name whose storage is gone.
 */
export function beginLife(storage: DurableObjectStorage, nowMs: number): number {
  const life = Math.max(storage.kv.get<number>(KEY) ?? 0, nowMs - 1) + 1;
  storage.kv.put(KEY, life);
  return life;
}
