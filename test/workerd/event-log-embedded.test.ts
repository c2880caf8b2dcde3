import { env } from "cloudflare:workers";
import { runInDurableObject } from "cloudflare:test";
import {
  embeddedAppender,
  embeddedSource,
  type PartitionLookup,
} from "../../durable-objects/log/embedded.ts";
import { settingsOf } from "../../durable-objects/env.ts";
import { describeEventLog } from "./event-log-contract.ts";

const partitionsOf =
  (log: string): PartitionLookup =>
  (partition) =>
    env.LOG_PARTITION.getByName(`${log}/${partition}`);

describeEventLog(
  "embedded",
  (log) => embeddedAppender(partitionsOf(log)),
  (log, partition) => embeddedSource(partitionsOf(log), partition),
  {
    waits: false,
    dropBefore: async (log, partition, offset) => {
      await runInDurableObject(partitionsOf(log)(partition), (object) => {
        object.commit(offset);
        object.commit(offset, "archiver");
        object.sweep(Date.now() + settingsOf(env).logRetentionMs + 1);
      });
    },
  },
);
