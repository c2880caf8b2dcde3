import type { Encoded } from "./aggregates/aggregate.ts";

/**
 * The aggregates of one range over one pane: `[pane start, events taken, group keys, their states]`. JSON of two columns
 * takes two thirds of the time that it takes of as many pairs.
 */
export type PanePartial = [startMs: number, events: number, keys: string[], states: Encoded[]];

/** The events of one user and group that one range holds, as far as no gap parts them. */
export type SessionPartial = [key: string, user: string, firstMs: number, lastMs: number, events: number];

/**
 * What one range holds for one metric: sessions if its windows are sessions, else panes.
 * `skipped`: events without the field that the aggregate needs.
 */
export interface MetricPartial {
  name: string;
  revision: number;
  skipped: number;
  panes?: PanePartial[];
  sessions?: SessionPartial[];
}

/** What one range of one partition holds for one window object: what a reader sends to it. */
export interface RangePartial {
  partition: number;
  /** The last offset that the window held when this was folded: the range is what follows, through `to`. */
  after: number;
  /** Where the reader began to read: what lies between `after` and this, nobody was told. */
  from: number;
  to: number;
  /** Version of the project's definitions that the range was folded with. */
  version: number;
  /** Greatest event time in the range, epoch ms. */
  maxTs: number;
  /** When the range's oldest batch was received, epoch ms. */
  oldestReceivedMs: number;
  events: number;
  metrics: MetricPartial[];
}
