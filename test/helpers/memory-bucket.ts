/** A bucket in memory, with the little that is asked of R2. */
export class MemoryBucket {
  readonly objects = new Map<string, Uint8Array>();
  /** How many writes succeed before one fails. */
  failAfter = Number.POSITIVE_INFINITY;

  put(path: string, body: Uint8Array): Promise<void> {
    if (this.failAfter-- === 0) return Promise.reject(new Error("the bucket does not answer"));
    this.objects.set(path, body.slice());
    return Promise.resolve();
  }

  get(path: string, options?: { range: { offset: number; length: number } }): Promise<object | null> {
    const body = this.objects.get(path);
    if (body === undefined) return Promise.resolve(null);
    const { offset, length } = options?.range ?? { offset: 0, length: body.length };
    const part = body.slice(offset, offset + length).buffer;
    return Promise.resolve({ arrayBuffer: () => Promise.resolve(part) });
  }
}
