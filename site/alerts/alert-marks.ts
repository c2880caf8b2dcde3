import type { AlertSource } from "../../protocol/alert.ts";
import { isShareToken } from "../share-token.ts";
import type { MarkSource, MetricThreshold, ShownTime } from "../slots.ts";
import { type FixedRange, isFixed } from "../time/time-range.ts";
import { AlertRequests } from "./alert-requests.ts";
import { episodeMarks } from "./episode-marks.ts";
import { loadEpisodes } from "./load-episodes.ts";
import { thresholdOf } from "./rule-form.ts";

/** For each page that an answer took: a long past is not asked for as often. */
const POLL_MS = 15_000;
/** While somebody zooms and pans, each step would be a question. */
const SETTLE_MS = 250;
/** Beside what is shown, so that a pan finds marks there; a share of the span. */
const MARGIN = 0.5;
/** Marks that lie nearer to each other than this share of the span could not be told apart. */
const NEAR = 1 / 500;

/** The alerts of the range that is shown on the charts of their metrics, and the bounds of the rules. */
export const alertMarks: MarkSource = (readKey, tell, shown) => {
  // A share link shows no alerts.
  if (isShareToken(readKey)) return () => undefined;
  const requests = new AlertRequests(readKey);
  let timer: ReturnType<typeof setTimeout> | undefined;
  let asking = new AbortController();
  const poll = async (): Promise<void> => {
    const { signal } = asking;
    const { fromMs, toMs } = spanToAsk(shown);
    let pages = 1;
    try {
      const rules = await requests.rules(signal);
      const loaded = await loadEpisodes((cursor) =>
        requests.standing({ from: fromMs, to: toMs, ...(cursor !== undefined && { cursor }) }, signal),
      );
      ({ pages } = loaded);
      if (signal.aborted) return;
      const marks = episodeMarks(loaded.episodes, shown.view.clockMs(), (toMs - fromMs) * NEAR);
      tell(marks, rules.flatMap(metricThreshold));
    } catch {
      // The charts keep what they have; the connection's state says that the server is away.
    }
    if (!signal.aborted) timer = setTimeout(() => void poll(), POLL_MS * pages);
  };
  const stop = (): void => {
    clearTimeout(timer);
    asking.abort();
  };
  const unsubscribe = shown.view.range.subscribe(() => {
    stop();
    asking = new AbortController();
    timer = setTimeout(() => void poll(), SETTLE_MS);
  });
  void poll();
  return () => {
    unsubscribe();
    stop();
  };
};

function spanToAsk({ view, ownMs }: ShownTime): FixedRange {
  const nowMs = view.clockMs();
  const range = view.range.value ?? { lastMs: ownMs };
  const { fromMs, toMs } = isFixed(range) ? range : { fromMs: nowMs - range.lastMs, toMs: nowMs };
  const marginMs = Math.round((toMs - fromMs) * MARGIN);
  return { fromMs: Math.max(0, Math.floor(fromMs) - marginMs), toMs: Math.ceil(toMs) + marginMs };
}

function metricThreshold({ condition, name, metric, groups }: AlertSource): MetricThreshold[] {
  const threshold = thresholdOf(condition, name);
  if (threshold === undefined) return [];
  return [{ ...threshold, metric, ...(groups === undefined ? {} : { groups }) }];
}
