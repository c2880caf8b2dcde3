import { useEffect, useMemo, useState } from "preact/hooks";
import type { AlertPreview, AlertSource } from "../../protocol/alert.ts";
import type { QueryAnswer } from "../../protocol/series.ts";
import { RequestError } from "../api.ts";
import { ColorSlots } from "../chart/color-slots.ts";
import { formatSpan } from "../format.ts";
import { PastSeries } from "../series/past-series.ts";
import { ChartPanel } from "../panels/chart-panel.tsx";
import { SERIES_COLORS } from "../theme.ts";
import { formatPointTime } from "../time/time-axis.ts";
import { type DrawnMetric, traitsOf } from "../series/traits.ts";
import type { AlertRequests } from "./alert-requests.ts";
import { episodeMarks } from "./episode-marks.ts";
import { thresholdOf } from "./rule-form.ts";

/** While somebody types, each letter would be a question. */
const SETTLE_MS = 300;
/** What fires now is so for a moment only. */
const AGAIN_MS = 5_000;
const stay = (): void => undefined;

interface RulePreviewProps {
  rule: AlertSource;
  metric: DrawnMetric | undefined;
  requests: AlertRequests;
}

interface Tried {
  preview: AlertPreview;
  series: PastSeries;
}

/** The metric's recent points with the rule's bound, and when the rule would have fired. */
export function RulePreview({ rule, metric, requests }: RulePreviewProps) {
  const { tried, fault } = useTried(rule, requests);
  const colors = useMemo(() => new ColorSlots(SERIES_COLORS), [rule.metric]);
  const traits = useMemo(() => traitsOf(metric), [metric]);
  const marks = useMemo(() => {
    const threshold = thresholdOf(rule.condition);
    return {
      thresholds: threshold === undefined ? [] : [threshold],
      events: tried === undefined ? [] : episodeMarks(tried.preview.episodes, tried.preview.to),
    };
  }, [rule.condition, tried]);
  return (
    <section class="alerts-preview" aria-labelledby="alert-preview">
      <h2 class="alerts-title" id="alert-preview">
        Tried on the last points
      </h2>
      <p class="alerts-note" role="status">
        {fault ?? (tried === undefined ? "Trying…" : summaryOf(tried.preview))}
      </p>
      {tried !== undefined && fault === undefined && (
        <div class="alerts-chart">
          <ChartPanel
            kind="line"
            panel={{ title: rule.metric, kind: "line", metric: rule.metric, width: 12, height: 3 }}
            series={tried.series}
            traits={traits}
            unit={metric?.isFraction === true ? "fraction" : "short"}
            colors={colors}
            range={{ fromMs: tried.preview.from, toMs: tried.preview.to }}
            marks={marks}
            nowMs={tried.preview.to}
            paused={false}
            onRange={stay}
          />
        </div>
      )}
    </section>
  );
}

function useTried(
  rule: AlertSource,
  requests: AlertRequests,
): { tried: Tried | undefined; fault: string | undefined } {
  const [tried, setTried] = useState<Tried>();
  const [fault, setFault] = useState<string>();
  // Neither its name nor where it goes changes what it fires.
  const wanted = JSON.stringify({ ...rule, name: "preview", webhook: undefined });
  useEffect(() => {
    const asking = new AbortController();
    let timer: ReturnType<typeof setTimeout>;
    const run = async (): Promise<void> => {
      try {
        const next = await tryRule(JSON.parse(wanted) as AlertSource, requests, asking.signal);
        if (asking.signal.aborted) return;
        setTried(next);
        setFault(undefined);
      } catch (error) {
        if (asking.signal.aborted) return;
        setFault(error instanceof RequestError ? error.message : "The preview failed.");
      }
      timer = setTimeout(() => void run(), AGAIN_MS);
    };
    timer = setTimeout(() => void run(), SETTLE_MS);
    return () => {
      clearTimeout(timer);
      asking.abort();
    };
  }, [wanted, requests]);
  return { tried, fault };
}

async function tryRule(rule: AlertSource, requests: AlertRequests, signal: AbortSignal): Promise<Tried> {
  const preview = await requests.preview(rule, signal);
  const answer: QueryAnswer = await requests.points(rule, preview, signal);
  const series = new PastSeries(() => Promise.resolve(answer));
  await series.load({ metric: rule.metric, fromMs: preview.from, toMs: preview.to, stepMs: 1 });
  return { preview, series };
}

function summaryOf({ from, to, episodes, truncated }: AlertPreview): string {
  const span = formatSpan(to - from);
  const [first] = episodes;
  if (first === undefined) return `In the last ${span} it would not have fired.`;
  const times = episodes.length === 1 ? "once" : `${truncated ? "more than " : ""}${episodes.length} times`;
  const firing = episodes.filter(({ resolvedAt }) => resolvedAt === null).length;
  const now = firing === 0 ? "" : ` ${firing === 1 ? "One fires" : `${firing} fire`} now.`;
  return `In the last ${span} it would have fired ${times}, first at ${formatPointTime(first.firedAt)}.${now}`;
}
