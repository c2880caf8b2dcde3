/** Where time stands for one metric, epoch ms; a watermark of -1: before the first event. */
export interface MetricStanding {
  metric: string;
  watermarkMs: number;
  /** Windows that end here or before are final. */
  finalEnd: number;
  sealedEnd: number;
  /** The offset of each partition at which the definition begins. */
  since: number[];
}

/** One of each metric: of a split one, what holds for all its shares. */
export function mergeStandings(standings: readonly MetricStanding[]): MetricStanding[] {
  const merged = new Map<string, MetricStanding>();
  for (const each of standings) {
    const known = merged.get(each.metric);
    if (known === undefined) merged.set(each.metric, { ...each });
    else {
      for (const time of ["watermarkMs", "finalEnd", "sealedEnd"] as const) {
        known[time] = Math.min(known[time], each[time]);
      }
      const partitions = Math.max(known.since.length, each.since.length);
      known.since = Array.from({ length: partitions }, (_, p) =>
        Math.max(known.since[p] ?? 0, each.since[p] ?? 0),
      );
    }
  }
  return [...merged.values()];
}
