import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { Panel } from "../../protocol/dashboard.ts";
import type { Group } from "../../protocol/series.ts";
import type { SeriesRequest } from "./connection.ts";
import { useStore } from "../hooks.ts";
import { useLive } from "./live.ts";
import type { PanelSeries } from "./panel-series.ts";
import { PastSeries } from "./past-series.ts";
import { useQuery } from "./query.ts";
import type { Readable } from "../panels/panel-props.ts";
import { chooseStepMs } from "../time/step.ts";
import { durationText, isFixed, type FixedRange, type TimeRange } from "../time/time-range.ts";
import { resampledTraits, type Traits } from "./traits.ts";

/** Beyond this many points a series, a subscription's first picture is too long to send and to draw. */
const MOST_LIVE_POINTS = 3_700;
/** A range that ends now is asked for again as often as it gets a new point, within these bounds. */
const REFRESH_LEAST_MS = 5_000;
const REFRESH_MOST_MS = 300_000;
/** Panels that say what is so now, whatever the range; what they take for it. */
const SAYS_NOW = new Set<Panel["kind"]>(["number", "toplist", "table"]);
const NOW_STEPS = 60;
/** An answer may lack events that came just before it. */
const ARRIVAL_MS = 10_000;
/** While somebody zooms and pans, each step would be a query. */
const SETTLE_MS = 120;

/** What a panel draws: points, how far apart they are, and the span. */
export interface PanelData {
  series: PanelSeries | undefined;
  traits: Traits;
  /** Where the points are those of a query up to now, and the panel says what is so this second: that, once it is ready. */
  now: Readable | undefined;
  range: TimeRange;
}

interface PanelDataInput {
  panel: Panel;
  /** The panel's own range, for as long as nobody chose another. */
  ownMs: number;
  groups: Group[] | undefined;
  traits: Traits;
  /** How many points suit the drawing's width; 0 before it is laid out. */
  mostPoints: number;
}

/** Takes part in a subscription, or asks for the past, as the view's range wants it. */
export function usePanelData({ panel, ownMs, groups, traits, mostPoints }: PanelDataInput): PanelData {
  const { view } = useLive();
  const range = useStore(view.range) ?? { lastMs: ownMs };
  const { metric } = panel;
  // While a fixed range is looked at, what is live goes on being gathered: the way back to now is short.
  const followedMs = useRef(ownMs);
  if (!isFixed(range)) followedMs.current = range.lastMs;
  const mostMs = Math.min(MOST_LIVE_POINTS * traits.stepMs, view.liveRetentionMs);
  const isLive = followedMs.current <= mostMs;
  const live = useLiveSeries(metric, isLive ? followedMs.current : undefined, groups);
  const isPast = isFixed(range) || !isLive;
  const past = usePastSeries(
    metric,
    groups,
    traits,
    isPast && mostPoints > 0 ? range : undefined,
    mostPoints,
  );
  const saysNow = !isLive && !isFixed(range) && SAYS_NOW.has(panel.kind);
  const newest = useLiveSeries(metric, saysNow ? NOW_STEPS * traits.stepMs : undefined, groups);
  const now = saysNow && newest !== undefined ? { series: newest, traits } : undefined;
  // Until the past has answered, what is live is drawn in the new span.
  const answered = past.series?.ready === true || past.series?.error !== undefined;
  const showsPast = isPast && (answered || live === undefined);
  const stepMs = showsPast ? past.stepMs : traits.stepMs;
  const drawn = useMemo(() => resampledTraits(traits, stepMs), [traits, stepMs]);
  return { series: showsPast ? past.series : live, traits: drawn, now, range };
}

function useLiveSeries(
  metric: string,
  rangeMs: number | undefined,
  groups: Group[] | undefined,
): PanelSeries | undefined {
  const { pool } = useLive();
  const [series, setSeries] = useState<PanelSeries>();
  const wanted = JSON.stringify(groups);
  useEffect(() => {
    if (rangeMs === undefined) {
      setSeries(undefined);
      return;
    }
    const request: SeriesRequest = { metric, range: durationText(rangeMs) };
    if (groups !== undefined) request.groups = groups;
    setSeries(pool.acquire(request));
    return () => pool.release(request);
  }, [pool, metric, rangeMs, wanted]);
  return series;
}

interface Past {
  series: PastSeries | undefined;
  stepMs: number;
}

function usePastSeries(
  metric: string,
  groups: Group[] | undefined,
  traits: Traits,
  range: TimeRange | undefined,
  mostPoints: number,
): Past {
  const { view } = useLive();
  const query = useQuery();
  const [past, setPast] = useState<Past>({ series: undefined, stepMs: traits.stepMs });
  const wanted = JSON.stringify([range, groups]);
  const points = Math.ceil(mostPoints / 100) * 100;
  useEffect(() => {
    if (range === undefined) {
      setPast({ series: undefined, stepMs: traits.stepMs });
      return;
    }
    const lengthMs = isFixed(range) ? range.toMs - range.fromMs : range.lastMs;
    const stepMs = chooseStepMs(lengthMs, points, traits.stepMs);
    const series = new PastSeries(query);
    let askedMs = 0;
    const load = async (): Promise<void> => {
      askedMs = view.clockMs();
      const { fromMs, toMs } = spanOf(range, askedMs);
      await series.load({
        metric,
        fromMs: Math.max(0, fromMs - stepMs),
        toMs: toMs + stepMs,
        stepMs,
        ...(groups === undefined ? {} : { groups }),
      });
      setPast({ series, stepMs });
    };
    const start = setTimeout(() => void load(), SETTLE_MS);
    // A span that is over may have windows that are open, or no answer yet; one that takes its time is waited for.
    const refresh = (): void => {
      const isOver = isFixed(range) && askedMs > range.toMs + ARRIVAL_MS;
      if (!series.asking && !(series.settled && isOver)) void load();
    };
    const again = setInterval(refresh, refreshMs(stepMs));
    return () => {
      clearTimeout(start);
      clearInterval(again);
      series.cancel();
    };
  }, [query, metric, wanted, points, traits]);
  return past;
}

function spanOf(range: TimeRange, nowMs: number): FixedRange {
  return isFixed(range) ? range : { fromMs: nowMs - range.lastMs, toMs: nowMs };
}

function refreshMs(stepMs: number): number {
  return Math.min(REFRESH_MOST_MS, Math.max(REFRESH_LEAST_MS, stepMs));
}
