/** Beside the list of metrics: how far back live pictures reach, ms. The setting `LIVE_RETENTION_MS`. */
export const LIVE_RETENTION_HEADER = "live-retention-ms";
