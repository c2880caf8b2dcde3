import { LIMITS } from "./limits.ts";
import { paneMs, type WindowSpec } from "./window-spec.ts";

/** What decides how much a window object holds of a metric. */
interface Sized {
  window: WindowSpec;
  groupBy: readonly string[];
  delayMs: number;
  latenessMs: number;
  maxGroups: number;
  shards: number;
}

/**
 * Bytes of memory that one aggregate of one pane or window and group takes, with its place in the maps. Sketches
 * take more as they fill: that is bounded while they do, by folding groups (`MemoryBudget`).
 */
const CELL_BYTES = 120;
/** What an object of a split metric has room for, of its share and beside it. */
const SHARE_ROOM = 1.5;
const SHARE_ROOM_LEAST = 8;
/** Event time by which a watermark usually lags behind the newest event, beside the metric's delay: idle partitions. */
const WATERMARK_LAG_MS = 10_000;

/**
 * How many groups one window object of a metric names. Groups are spread over the objects by hash, which is never even:
 * an object of a split metric has room for half as many again as its share, so that none is folded before all have
 * `maxGroups` together.
 */
export function groupsPerObject({ maxGroups, shards }: Pick<Sized, "maxGroups" | "shards">): number {
  if (shards === 1) return maxGroups;
  return Math.min(maxGroups, Math.ceil((maxGroups / shards) * SHARE_ROOM) + SHARE_ROOM_LEAST);
}

/** Most bytes of memory that one window object of the metric needs for its groups, `__other__` included. */
export function stateBytes(metric: Sized): number {
  const groups = metric.groupBy.length === 0 ? 1 : groupsPerObject(metric) + 1;
  return groups * cellsPerGroup(metric) * CELL_BYTES;
}

/** How many groups such a metric may have. */
export function groupsThatFit(metric: Sized): number {
  const groups = Math.floor(LIMITS.windowStateBytes / (cellsPerGroup(metric) * CELL_BYTES));
  if (metric.groupBy.length === 0) return groups;
  const named = Math.max(0, groups - 1);
  if (metric.shards === 1) return named;
  return Math.max(named, Math.floor(((named - SHARE_ROOM_LEAST) / SHARE_ROOM) * metric.shards));
}

/** Panes and windows that are kept until they are sealed; a sliding window's panes stand in two stacks as well. */
function cellsPerGroup({ window, delayMs, latenessMs }: Sized): number {
  const unsealedMs = delayMs + latenessMs + WATERMARK_LAG_MS;
  const windows = Math.ceil(unsealedMs / window.everyMs) + 1;
  if (window.type !== "sliding") return windows;
  const pane = paneMs(window);
  return windows + Math.ceil((window.sizeMs + unsealedMs) / pane) + 1 + window.sizeMs / pane;
}
