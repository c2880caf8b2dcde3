/** The little that the archive asks of R2. */
export interface ArchiveBucket {
  put(path: string, body: Uint8Array): Promise<void>;
  /** The object, or a part of it; undefined: there is no such object. */
  get(path: string, range?: { offset: number; length: number }): Promise<ArrayBuffer | undefined>;
  delete(paths: string[]): Promise<void>;
}

/** The archive's bucket. */
export function bucketOf(r2: R2Bucket): ArchiveBucket {
  return {
    async put(path, body) {
      await r2.put(path, body, { httpMetadata: { contentType: "application/vnd.apache.parquet" } });
    },
    async get(path, range) {
      const object = await (range === undefined ? r2.get(path) : r2.get(path, { range }));
      return object?.arrayBuffer();
    },
    delete: (paths) => r2.delete(paths),
  };
}
