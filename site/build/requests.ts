import type {
  CatalogChangeAnswer,
  CatalogChangeRequest,
  RefusedCatalogChange,
} from "../../protocol/catalog-change.ts";
import type { QualityAnswer, SeenAnswer, TailAnswer, Trace } from "../../protocol/observe.ts";
import type { Dashboard } from "../../protocol/dashboard.ts";
import type { MetricSource } from "../../protocol/metric.ts";
import { isObject } from "../../protocol/result.ts";
import type { QueryAnswer } from "../../protocol/series.ts";
import { RequestError } from "../api.ts";

const TIMEOUT_MS = 15_000;

/** The catalog's path of a kind. */
export type DefinitionKind = "metrics" | "dashboards";
export type Definition = MetricSource | Dashboard;

/** Changes were refused because of one of them. */
export class RefusedChangeError extends RequestError {
  readonly change: RefusedCatalogChange;

  constructor(status: number, message: string, change: RefusedCatalogChange) {
    super(status, message);
    this.change = change;
  }
}

/** What the catalog has of a name: nothing, or a definition with its entity tag, as far as nobody on the way has taken that. */
export interface Stored<D = Definition> {
  definition?: D;
  tag?: string;
}

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

  /** What the catalog has of this name now. */
  async stored<D = Definition>(kind: CatalogChangeRequest["kind"], name: string): Promise<Stored<D>> {
    try {
      const answer = await this.#fetch(pathOf(kind, name));
      const tag = answer.headers.get("etag");
      return { definition: await read<D>(answer), ...(tag === null ? {} : { tag }) };
    } catch (error) {
      if (error instanceof RequestError && error.status === 404) return {};
      throw error;
    }
  }

  /**
   * Makes changes of definitions, all or none.
   *
   * @throws RefusedChangeError where one of them is refused.
   */
  async change(changes: readonly CatalogChangeRequest[]): Promise<CatalogChangeAnswer[]> {
    const body = JSON.stringify({ changes });
    const answer = await this.#ask<{ changes: CatalogChangeAnswer[] }>("/v1/catalog/changes", {
      method: "POST",
      body,
    });
    return answer.changes;
  }

  async #ask<T>(path: string, init?: RequestInit): Promise<T> {
    return read<T>(await this.#fetch(path, init));
  }

  /** An answer that is no error. */
  async #fetch(path: string, init: RequestInit = {}): Promise<Response> {
    const headers = { authorization: `Bearer ${this.#key}`, ...(init.headers as Record<string, string>) };
    const timeout = AbortSignal.timeout(TIMEOUT_MS);
    const signal = init.signal ? AbortSignal.any([init.signal, timeout]) : timeout;
    const answer = await fetch(path, { ...init, headers, signal }).catch((error: unknown) => {
      if (init.signal?.aborted === true) throw error;
      throw new RequestError(0, "The server does not answer.");
    });
    if (answer.ok) return answer;
    const body: unknown = await answer.json().catch(() => undefined);
    const message = messageOf(answer.status, body);
    const change = isObject(body) ? body["change"] : undefined;
    if (isObject(change)) {
      throw new RefusedChangeError(answer.status, message, change as unknown as RefusedCatalogChange);
    }
    throw new RequestError(answer.status, message);
  }
}

/** @throws RequestError when the connection is lost on the way. */
async function read<T>(answer: Response): Promise<T> {
  return answer.json().catch(() => {
    throw new RequestError(0, "The server's answer broke off. Try again.");
  });
}

function pathOf(kind: CatalogChangeRequest["kind"], name: string): string {
  return `/v1/catalog/${kind}/${encodeURIComponent(name)}`;
}

function messageOf(status: number, body: unknown): string {
  const { message, rejected } = isObject(body) ? body : {};
  if (typeof message === "string") return message;
  const first: unknown = Array.isArray(rejected) ? rejected[0] : undefined;
  return isObject(first) && typeof first["message"] === "string"
    ? first["message"]
    : `The server answered ${status}.`;
}
