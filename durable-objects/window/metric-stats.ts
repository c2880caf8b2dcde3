/** Counters of one metric, for `/metrics`. */
export interface MetricStats {
  metric: string;
  watermarkMs: number;
  late: number;
  skipped: number;
  folded: number;
  dropped: number;
}

/** One of each metric: counters added up, the watermark the least. */
export function sumStats(stats: readonly MetricStats[]): MetricStats[] {
  const sums = new Map<string, MetricStats>();
  for (const each of stats) {
    const sum = sums.get(each.metric);
    if (sum === undefined) sums.set(each.metric, { ...each });
    else {
      sum.watermarkMs = Math.min(sum.watermarkMs, each.watermarkMs);
      for (const count of ["late", "skipped", "folded", "dropped"] as const) sum[count] += each[count];
    }
  }
  return [...sums.values()];
}
