import type { AlertSource } from "../../protocol/alert.ts";
import { isShareToken } from "../share-token.ts";
import type { MarkSource, MetricThreshold } from "../slots.ts";
import { AlertRequests } from "./alert-requests.ts";
import { episodeMarks } from "./episode-marks.ts";
import { thresholdOf } from "./rule-form.ts";

const POLL_MS = 15_000;

/** The alerts of the last day on the charts of their metrics, and the bounds of the rules. */
export const alertMarks: MarkSource = (readKey, tell) => {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let current = true;
  // A share link shows no alerts.
  if (isShareToken(readKey)) return () => undefined;
  const requests = new AlertRequests(readKey);
  const poll = async (): Promise<void> => {
    try {
      const [rules, { episodes }] = [await requests.rules(), await requests.standing("now-1d")];
      if (current) tell(episodeMarks(episodes, Date.now()), rules.flatMap(metricThreshold));
    } catch {
      // The charts keep what they have; the connection's state says that the server is away.
    }
    if (current) timer = setTimeout(() => void poll(), POLL_MS);
  };
  void poll();
  return () => {
    current = false;
    clearTimeout(timer);
  };
};

function metricThreshold(rule: AlertSource): MetricThreshold[] {
  const threshold = thresholdOf(rule.condition, rule.name);
  return threshold === undefined ? [] : [{ ...threshold, metric: rule.metric }];
}
