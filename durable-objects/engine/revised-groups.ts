/** Groups that a late event changed in a final window, until that is sealed. */
export class RevisedGroups {
  readonly #byEnd: Map<number, Set<string>>;

  constructor(encoded: readonly [endMs: number, keys: string[]][] = []) {
    this.#byEnd = new Map(encoded.map(([end, keys]) => [end, new Set(keys)]));
  }

  add(end: number, key: string): void {
    let keys = this.#byEnd.get(end);
    if (keys === undefined) this.#byEnd.set(end, (keys = new Set()));
    keys.add(key);
  }

  has(end: number, key: string): boolean {
    return this.#byEnd.get(end)?.has(key) ?? false;
  }

  /** The window is sealed. */
  forget(end: number): void {
    this.#byEnd.delete(end);
  }

  encode(): [endMs: number, keys: string[]][] {
    return Array.from(this.#byEnd, ([end, keys]) => [end, [...keys]]);
  }
}
