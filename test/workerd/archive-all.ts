import { env } from "cloudflare:workers";
import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { bucketOf } from "../../durable-objects/archive/archive-bucket.ts";
import { PartitionArchive } from "../../durable-objects/archive/archive-partition.ts";
import { openSource } from "../../durable-objects/log/open-log.ts";
import { ArchiveStore } from "../../durable-objects/storage/archive-store.ts";
import { r2 } from "./archive-bench.ts";

/** Archives whatever the log holds, as if its time had come. */
export async function archiveAll(): Promise<void> {
  for (let partition = 0; partition < 4; partition++) {
    const archiver = env.ARCHIVER.getByName(String(partition));
    await archiver.wake();
    await runInDurableObject(archiver, async (_, { storage }) => {
      const archive = new PartitionArchive({
        store: new ArchiveStore(storage, partition),
        source: openSource(env, partition, "archiver"),
        bucket: bucketOf(r2),
        everyMs: 0,
        dedupWindowMs: 3_600_000,
      });
      while (await archive.cut(Date.now()));
    });
    await evictDurableObject(archiver);
  }
}
