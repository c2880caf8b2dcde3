/** Every bound on what a peer may send. Each error that one of these causes names the bound and the value. */
export const LIMITS = {
  /** Bytes of an HTTP body as it arrives. */
  bodyBytes: 5 * 1024 * 1024,
  /** Bytes of an HTTP body after gzip: bounds what a small zip bomb can make us hold. */
  decompressedBytes: 20 * 1024 * 1024,
  /** Events in one request. */
  eventsPerRequest: 10_000,
  /** Entries in an event's `props`. */
  propsPerEvent: 64,
  /** UTF-8 bytes of an event name, id, prop key or batch id. */
  keyBytes: 128,
  /** UTF-8 bytes of a string value (`user`, a prop). */
  stringBytes: 1024,
  /** Rejections listed in an ingest answer; all are counted. */
  listedRejections: 100,
  /** Milliseconds an event may lie in the future after clock correction. Setting `FUTURE_LIMIT_MS` overrides. */
  futureMs: 5_000,
  /** Milliseconds between a client's `sentAt` and our clock that count as time on the way, not as a wrong clock. */
  transitMs: 5_000,
  /** Bytes of one record's value in the event log: with its head it stays below Kafka's default `max.message.bytes`, 1 MiB. */
  recordBytes: 900_000,
  /** Bytes of one WebSocket message from a client. */
  liveMessageBytes: 8 * 1024,
  /** Subscriptions of one socket: what fits its 16 KiB hibernation attachment. */
  subscriptionsPerSocket: 64,
  /** Frames a second that a subscription may ask for at least: a frame that waits for its time keeps its hub awake. */
  leastMaxRate: 0.1,
  /** Panes one window is composed of: bounds the work of one result. One hour every second. */
  panesPerWindow: 3_600,
  /** Metrics of one project: a window object keeps all definitions in one row. */
  metricsPerProject: 400,
  /** Groups of one metric before further ones fold into `__other__`. */
  maxGroups: 10_000,
  /** Window objects that one metric is split over. */
  shards: 64,
  /** Bytes of aggregates that one window object holds: what leaves room in an isolate's 128 MB for a checkpoint of them. */
  windowStateBytes: 48 * 1024 * 1024,
  /** Sessions of one metric that are not sealed yet. */
  openSessions: 200_000,
  /** Entries that `topk` ranks. */
  topItems: 100,
  /** Props one metric groups by. */
  groupByKeys: 8,
  /** UTF-8 bytes of a metric's `where`: bounds the work on each of its events. */
  whereBytes: 4 * 1024,
  /** Parentheses and negations of a `where` inside one another: parsing and testing take a stack frame or two for each. */
  whereDepth: 64,
  /** Values of one `in [...]` of a `where`: every country fits. */
  whereListValues: 256,
  /** Points of one series in one answer. */
  pointsPerSeries: 11_000,
  /** Points of all series in one answer: what fits in a window object beside its windows. */
  answeredPoints: 1_000_000,
  /** Sealed points that a window object reads for one answer: some seconds in which it does nothing else. */
  readPoints: 5_000_000,
  /** Points of all series in one answer that is computed over past events. */
  exploredPoints: 200_000,
  /** Windows of the archive that one question reads, of each group: five years of quarters of an hour. */
  archivedWindows: 200_000,
  /** Points of the archive that one question reads, of all groups: what fits in memory. */
  archivedPoints: 1_000_000,
  /** Files of the archive that one question reads, of one window object: each takes a few of a Worker's 10,000 requests. */
  archivedFiles: 1_500,
  /** Bytes of one definition in the catalog: a metric, a dashboard, a key. */
  definitionBytes: 256 * 1024,
  /** Definitions that one request changes together: all of a project fit. */
  catalogChanges: 1_000,
  /** Alert rules of one project: each is evaluated with every window of its metric. */
  alertsPerProject: 100,
  /** Groups that one alert rule names. */
  alertMatchers: 32,
  /** Groups that one alert rule follows in one window object. */
  alertGroups: 2_000,
  /** Silences of one project that are not over. */
  silencesPerProject: 200,
  /** Milliseconds that a silence lasts at most: one that is forgotten comes to an end. */
  silenceMs: 90 * 86_400_000,
  /** Characters of a silence's comment. */
  silenceCommentCharacters: 500,
  /** Bytes of the groups that one silence names, as JSON: every window object keeps them all. */
  silenceGroupsBytes: 4_096,
  /** Characters of a webhook's address. */
  webhookCharacters: 2_048,
  /** Notifications that wait for webhooks in one window object; beyond it the oldest go. */
  waitingNotifications: 5_000,
  /** Alerts that one window object remembers; beyond it the oldest that are resolved go. */
  alertEpisodes: 10_000,
  /** Alerts in one answer. */
  answeredEpisodes: 1_000,
  /** Share links of one project that have not expired. */
  sharesPerProject: 200,
  /** Metrics that one share link names. */
  sharedMetrics: 64,
  /** Groups that one share link names. */
  sharedGroups: 32,
  /** Bytes of what one share link names, as JSON: its token has to fit in an address. */
  shareScopeBytes: 3_000,
  /** Panels of one dashboard. */
  panelsPerDashboard: 64,
  /** Annotations of one dashboard. */
  annotationsPerDashboard: 500,
  /** Variables of one dashboard. */
  variablesPerDashboard: 8,
  /** Thresholds of one panel. */
  thresholdsPerPanel: 8,
} as const;

/** UTF-8 length of `text`, without encoding what is surely short enough (3 bytes a UTF-16 unit at most). */
export function exceedsBytes(text: string, bound: number): boolean {
  return text.length * 3 > bound && utf8Length(text) > bound;
}

/** Number of bytes of `text` in UTF-8; a lone surrogate counts as the three bytes of its replacement. */
export function utf8Length(text: string): number {
  let bytes = 0;
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    bytes += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
  }
  return bytes;
}
