import { useEffect, useMemo, useState } from "preact/hooks";
import type { MetricSource } from "../../protocol/metric.ts";
import { parseDuration } from "../../protocol/time.ts";
import { LiveSeries } from "../series/live-series.ts";
import { useLive } from "../series/live.ts";
import { traitsOf } from "../series/traits.ts";
import type { Requests } from "./requests.ts";

/** What a definition that is not saved gives over the newest events. */
export interface Preview {
  series: LiveSeries;
  /** What the server says instead. */
  fault: string | undefined;
  loading: boolean;
}

const TYPING_MS = 250;
const LEAST_PAUSE_MS = 3_000;
/** Asking is work for the server: it is asked a fifth of the time at most. */
const PAUSE_SHARE = 5;
const MOST_POINTS = 1_200;

/** Computes a metric over recent events by `POST /v1/explore`, again and again while the page is seen. */
export function usePreview(metric: MetricSource | undefined, range: string, requests: Requests): Preview {
  const { view } = useLive();
  const rangeMs = parseDuration(range) ?? 900_000;
  // What was computed of something else is not shown under the new name.
  const series = useMemo(
    () => new LiveSeries(rangeMs, view),
    [rangeMs, view, metric?.event, metric?.aggregate],
  );
  const [outcome, setOutcome] = useState<{ fault?: string | undefined; loading: boolean }>({ loading: true });
  const wanted = JSON.stringify(metric);
  useEffect(() => {
    if (metric === undefined) return;
    const leaving = new AbortController();
    let timer: ReturnType<typeof setTimeout>;
    const ask = async (): Promise<void> => {
      const beganMs = Date.now();
      if (document.visibilityState === "visible") {
        const fault = await draw(metric, rangeMs, series, requests, leaving.signal);
        if (leaving.signal.aborted) return;
        setOutcome({ fault, loading: false });
      }
      timer = setTimeout(() => void ask(), Math.max(LEAST_PAUSE_MS, PAUSE_SHARE * (Date.now() - beganMs)));
    };
    setOutcome((before) => ({ ...before, loading: true }));
    timer = setTimeout(() => void ask(), TYPING_MS);
    return () => {
      clearTimeout(timer);
      leaving.abort();
    };
  }, [wanted, rangeMs, series, requests]);
  return { series, fault: outcome.fault, loading: outcome.loading };
}

/** @returns what went wrong, if anything did. */
async function draw(
  metric: MetricSource,
  rangeMs: number,
  series: LiveSeries,
  requests: Requests,
  signal: AbortSignal,
): Promise<string | undefined> {
  const { name: _, shards: _split, ...definition } = metric;
  const { stepMs } = traitsOf(metric);
  const step = stepMs * Math.max(1, Math.ceil(rangeMs / stepMs / MOST_POINTS));
  try {
    const question = { ...definition, from: `now-${Math.ceil(rangeMs / 1_000)}s`, to: "now", step };
    const answer = await requests.explore(question, signal);
    if (signal.aborted) return undefined;
    series.snapshot({
      type: "snapshot",
      id: "preview",
      cursor: "",
      recovered: false,
      series: answer.series,
      watermark: null,
    });
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
