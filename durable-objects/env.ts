import type { Archiver } from "./archiver.ts";
import type { Backfill } from "./backfill.ts";
import type { Batcher } from "./batcher.ts";
import type { Catalog } from "./catalog.ts";
import type { KeyLimiter } from "./key-limiter.ts";
import type { LiveHub } from "./live-hub.ts";
import type { LogPartition } from "./log-partition.ts";
import type { LogViewer } from "./log-viewer.ts";
import type { MetricWindow } from "./metric-window.ts";
import type { PartitionReader } from "./partition-reader.ts";
import type { PointArchiver } from "./point-archiver.ts";
import { parseSettings, type Settings } from "./settings.ts";

/** Bindings of `wrangler.toml`; settings are read by {@link settingsOf}. */
export interface Env {
  CATALOG: DurableObjectNamespace<Catalog>;
  BATCHER: DurableObjectNamespace<Batcher>;
  LOG_PARTITION: DurableObjectNamespace<LogPartition>;
  LOG_VIEWER: DurableObjectNamespace<LogViewer>;
  PARTITION_READER: DurableObjectNamespace<PartitionReader>;
  METRIC_WINDOW: DurableObjectNamespace<MetricWindow>;
  LIVE_HUB: DurableObjectNamespace<LiveHub>;
  KEY_LIMITER: DurableObjectNamespace<KeyLimiter>;
  ARCHIVER: DurableObjectNamespace<Archiver>;
  POINT_ARCHIVER: DurableObjectNamespace<PointArchiver>;
  BACKFILL: DurableObjectNamespace<Backfill>;
  /** The cold archive; absent: nothing is archived. */
  ARCHIVE?: R2Bucket;
  ASSETS?: Fetcher;
}

const parsed = new WeakMap<object, Settings>();

/**
 * The deployment's settings, checked once.
 *
 * @throws Error with a sentence that names the wrong setting.
 */
export function settingsOf(env: Env): Settings {
  let settings = parsed.get(env);
  if (settings === undefined) {
    const result = parseSettings({ ...env });
    if (!result.ok) throw new Error(result.message);
    settings = result.value;
    parsed.set(env, settings);
  }
  return settings;
}

/** There is one catalog. */
export function catalogOf(env: Env): DurableObjectStub<Catalog> {
  return env.CATALOG.getByName("catalog");
}
