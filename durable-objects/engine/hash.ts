/**
 * A 64-bit hash of `text` as two unsigned 32-bit lanes, well mixed in every bit.
 * Two multiply-xorshift lanes over the UTF-16 units, each ended by MurmurHash3's finalizer.
 */
export function hash64(text: string): [high: number, low: number] {
  let high = 0x9e3779b9 ^ text.length;
  let low = 0x85ebca6b;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    high = Math.imul(high ^ unit, 0x2c1b3c6d);
    low = Math.imul(low ^ unit, 0x165667b1);
    high ^= high >>> 15;
    low ^= low >>> 13;
  }
  return [finalize(high ^ (low >>> 7)), finalize(low + Math.imul(high, 0x27d4eb2f))];
}

function finalize(lane: number): number {
  let mixed = lane ^ (lane >>> 16);
  mixed = Math.imul(mixed, 0x85ebca6b);
  mixed ^= mixed >>> 13;
  mixed = Math.imul(mixed, 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}

/** The partition of a batch: the same for every copy of it, so that a retry meets its first copy. */
export function partitionOf(project: string, batchId: string, partitions: number): number {
  return hash64(`${project}\0${batchId}`)[1] % partitions;
}
