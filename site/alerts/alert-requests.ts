import type { AlertPreview, AlertsAnswer, AlertSource } from "../../protocol/alert.ts";
import type { QueryAnswer } from "../../protocol/series.ts";
import type { Silence } from "../../protocol/silence.ts";
import { ask } from "../on-demand/ask.ts";
import type { SilenceWish } from "./silence-form.ts";

/** What `GET /v1/alerts` takes: times as `now-1d` or epoch ms. */
export interface AlertSpan {
  from: string | number;
  to?: number;
  limit?: number;
  /** Of the page before. */
  cursor?: string;
}

/** What the pages of this folder ask the server. Each throws a {@link RequestError}, whose message is the server's. */
export class AlertRequests {
  readonly key: string;

  constructor(key: string) {
    this.key = key;
  }

  async rules(signal?: AbortSignal): Promise<AlertSource[]> {
    const path = "/v1/catalog/alerts";
    return (await ask<{ alerts: AlertSource[] }>(this.key, "GET", path, undefined, signal)).alerts;
  }

  /** How the rules stand, and what was firing at some time of a span. */
  standing(span: AlertSpan, signal?: AbortSignal): Promise<AlertsAnswer> {
    const question = new URLSearchParams();
    for (const [name, value] of Object.entries(span)) question.set(name, String(value));
    return ask(this.key, "GET", `/v1/alerts?${question}`, undefined, signal);
  }

  preview(rule: AlertSource, signal: AbortSignal): Promise<AlertPreview> {
    return ask(this.key, "POST", "/v1/alerts/preview", rule, signal);
  }

  points(rule: AlertSource, preview: AlertPreview, signal: AbortSignal): Promise<QueryAnswer> {
    const question = new URLSearchParams({
      metric: rule.metric,
      from: String(preview.from),
      to: String(preview.to),
    });
    for (const group of rule.groups ?? []) question.append("group", JSON.stringify(group));
    return ask(this.key, "GET", `/v1/query?${question}`, undefined, signal);
  }

  silence(wish: SilenceWish): Promise<Silence> {
    return ask(this.key, "POST", "/v1/alerts/silences", wish);
  }

  lift(id: string): Promise<unknown> {
    return ask(this.key, "DELETE", `/v1/alerts/silences/${encodeURIComponent(id)}`);
  }

  async secret(): Promise<string> {
    return (await ask<{ secret: string }>(this.key, "GET", "/v1/alerts/secret")).secret;
  }
}
