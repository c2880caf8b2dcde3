import { hash64 } from "./hash.ts";

/**
 * Remembers batch ids for at least `windowMs` and at most twice that, 8 bytes each at half load: two tables,
 * of which the older is dropped whole. Ids are 64-bit hashes: among ten million remembered ones, the chance that
 * a new one is taken for an old one is 5e-13.
 *
 * Time is the records' own received-at, so that reading a range again decides as it did before.
 */
export class BatchIdMemory {
  readonly #windowMs: number;
  #current = new HashTable();
  #previous = new HashTable();
  #generation: number | undefined;

  constructor(windowMs: number) {
    this.#windowMs = windowMs;
  }

  /** Whether `id` was remembered already; remembers it from now on. */
  remember(id: Hash, receivedAtMs: number): boolean {
    this.#rotate(receivedAtMs);
    if (this.#previous.has(id)) return true;
    return !this.#current.add(id);
  }

  /** Whether `id` is remembered. */
  has(id: Hash): boolean {
    return this.#current.has(id) || this.#previous.has(id);
  }

  /** Ids received before this are forgotten: what is stored of them may go. */
  get oldestMs(): number {
    return this.#generation === undefined ? 0 : (this.#generation - 1) * this.#windowMs;
  }

  #rotate(receivedAtMs: number): void {
    const generation = Math.floor(receivedAtMs / this.#windowMs);
    if (this.#generation !== undefined && generation <= this.#generation) return;
    const next = this.#generation !== undefined && generation === this.#generation + 1;
    this.#previous = next ? this.#current : new HashTable();
    this.#current = new HashTable();
    this.#generation = generation;
  }
}

/** A batch's identity within its partition: 64 bits as two unsigned 32-bit numbers. */
export type Hash = readonly [high: number, low: number];

/** The identity of one record: the same for every copy of it. */
export function batchIdentity(project: string, key: string): Hash {
  return hash64(`${project}\0${key}`);
}

/** Identities as bytes, 8 each. */
export function encodeHashes(hashes: readonly Hash[]): Uint8Array {
  return new Uint8Array(Uint32Array.from(hashes.flat()).buffer);
}

/** What {@link encodeHashes} took. */
export function decodeHashes(bytes: ArrayBuffer): Hash[] {
  const lanes = new Uint32Array(bytes);
  const hashes: Hash[] = [];
  for (let i = 0; i + 1 < lanes.length; i += 2) hashes.push([lanes[i] ?? 0, lanes[i + 1] ?? 0]);
  return hashes;
}

/** Open addressing with linear probing over pairs of lanes; (0, 0) marks a free slot. */
class HashTable {
  #lanes = new Uint32Array(2 * 64);
  #size = 0;

  has(hash: Hash): boolean {
    const slot = this.#slotOf(hash);
    return this.#lanes[slot] !== 0 || this.#lanes[slot + 1] !== 0;
  }

  /** Adds `hash`; false when it was there. */
  add(hash: Hash): boolean {
    const slot = this.#slotOf(hash);
    if (this.#lanes[slot] !== 0 || this.#lanes[slot + 1] !== 0) return false;
    const [high, low] = occupied(hash);
    this.#lanes[slot] = high;
    this.#lanes[slot + 1] = low;
    if (++this.#size * 4 > this.#lanes.length) this.#grow();
    return true;
  }

  #slotOf(hash: Hash): number {
    const [high, low] = occupied(hash);
    const mask = this.#lanes.length / 2 - 1;
    let index = low & mask;
    for (;;) {
      const slot = index * 2;
      const [a, b] = [this.#lanes[slot], this.#lanes[slot + 1]];
      if ((a === 0 && b === 0) || (a === high && b === low)) return slot;
      index = (index + 1) & mask;
    }
  }

  #grow(): void {
    const old = this.#lanes;
    this.#lanes = new Uint32Array(old.length * 2);
    for (let i = 0; i < old.length; i += 2) {
      const [high, low] = [old[i] ?? 0, old[i + 1] ?? 0];
      if (high === 0 && low === 0) continue;
      const slot = this.#slotOf([high, low]);
      this.#lanes[slot] = high;
      this.#lanes[slot + 1] = low;
    }
  }
}

function occupied([high, low]: Hash): Hash {
  return high === 0 && low === 0 ? [0, 1] : [high, low];
}
