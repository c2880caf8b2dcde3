import type { QualityAnswer, SeenAnswer, TailAnswer, Trace } from "../../protocol/observe.ts";
import type { Dashboard } from "../../protocol/dashboard.ts";
import type { MetricSource } from "../../protocol/metric.ts";
import { isObject } from "../../protocol/result.ts";
import type { QueryAnswer } from "../../protocol/series.ts";
import { RequestError } from "../api.ts";

const TIMEOUT_MS = 15_000;

/** What the pages of this folder ask the server. Each throws a {@link RequestError}, whose message is the server's. */
export class Requests {
  readonly #key: string;

  constructor(key: string) {
    this.#key = key;
  }

  seen(): Promise<SeenAnswer> {
    return this.#ask("/v1/events/seen");
  }

  tail(question: { event?: string; where?: string; cursor?: string; limit?: string }): Promise<TailAnswer> {
    return this.#ask(`/v1/events/tail?${new URLSearchParams(question)}`);
  }

  trace(name: Record<string, string>): Promise<Trace> {
    return this.#ask(`/v1/events/trace?${new URLSearchParams(name)}`);
  }

  quality(): Promise<QualityAnswer> {
    return this.#ask("/v1/events/quality");
  }

  explore(question: object, signal: AbortSignal): Promise<QueryAnswer> {
    return this.#ask("/v1/explore", { method: "POST", body: JSON.stringify(question), signal });
  }

  /** Sends one event as a batch of that id. */
  send(event: string, batch: string): Promise<{ accepted: number; batch: string }> {
    const headers = { "idempotency-key": batch };
    return this.#ask("/v1/events", { method: "POST", body: event, headers });
  }

  putMetric(metric: MetricSource): Promise<unknown> {
    return this.#put(`/v1/catalog/metrics/${encodeURIComponent(metric.name)}`, metric);
  }

  /** The dashboard as the catalog has it now; undefined: there is none of this name. */
  async dashboard(name: string): Promise<Dashboard | undefined> {
    try {
      return await this.#ask<Dashboard>(`/v1/catalog/dashboards/${encodeURIComponent(name)}`);
    } catch (error) {
      if (error instanceof RequestError && error.status === 404) return undefined;
      throw error;
    }
  }

  /** @returns the dashboard as it is stored. */
  putDashboard(dashboard: Dashboard): Promise<Dashboard> {
    return this.#put(`/v1/catalog/dashboards/${encodeURIComponent(dashboard.name)}`, dashboard);
  }

  #put<T>(path: string, body: object): Promise<T> {
    return this.#ask(path, { method: "PUT", body: JSON.stringify(body) });
  }

  async #ask<T>(path: string, init: RequestInit = {}): Promise<T> {
    const headers = { authorization: `Bearer ${this.#key}`, ...(init.headers as Record<string, string>) };
    const timeout = AbortSignal.timeout(TIMEOUT_MS);
    const signal = init.signal ? AbortSignal.any([init.signal, timeout]) : timeout;
    const answer = await fetch(path, { ...init, headers, signal }).catch((error: unknown) => {
      if (init.signal?.aborted === true) throw error;
      throw new RequestError(0, "The server does not answer.");
    });
    const body: unknown = await answer.json().catch(() => undefined);
    if (answer.ok) return body as T;
    throw new RequestError(answer.status, messageOf(answer.status, body));
  }
}

function messageOf(status: number, body: unknown): string {
  const { message, rejected } = isObject(body) ? body : {};
  if (typeof message === "string") return message;
  const first: unknown = Array.isArray(rejected) ? rejected[0] : undefined;
  return isObject(first) && typeof first["message"] === "string"
    ? first["message"]
    : `The server answered ${status}.`;
}
