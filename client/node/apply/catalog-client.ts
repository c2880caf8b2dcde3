import { setTimeout as sleep } from "node:timers/promises";
import type { CatalogChangeRequest } from "../../../protocol/catalog-change.ts";
import type { BackfillStatus } from "../../../protocol/backfill.ts";
import { isObject } from "../../../protocol/result.ts";
import { retryAfterMs } from "../../core/outcome.ts";
import { below } from "../address.ts";
import { reasonOf } from "../fetch-reason.ts";
import { conditionalChange, type StoredNow } from "./conditional-change.ts";
import { type Definition, type Shelf, shelfOf } from "./definition.ts";
import type { Step } from "./plan.ts";

export interface CatalogClientOptions {
  url: string;
  key: string;
  signal: AbortSignal;
  /** How long an answer may take. */
  timeoutMs?: number;
}

/** A definition as the server lists it. */
export type Listed = { name: string } & Record<string, unknown>;

/** The server has understood a request, and refused it: nothing of it was done. Or nothing was asked of it. */
export class RefusedError extends Error {
  readonly status: number | undefined;

  constructor(message: string, status?: number) {
    super(message);
    this.status = status;
  }
}

/** Definitions that are looked at before they are changed. */
const ASKED_AT_ONCE = 8;
const MOST_TRIES = 5;
const USUAL_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 10_000;

/** The catalog of the key's project. Each failure is a sentence that says what was asked and what was answered. */
export class CatalogClient {
  readonly #options: CatalogClientOptions;

  constructor(options: CatalogClientOptions) {
    this.#options = options;
  }

  /** Everything that a shelf holds. */
  async list(shelf: Shelf): Promise<Listed[]> {
    const path = `/v1/catalog/${shelf}`;
    const { text } = await this.#request("GET", path);
    const list = listOf(shelf, text);
    if (list !== undefined) return list;
    throw new Error(`GET ${path} was answered without a list of ${shelf}: is it Freshet?`);
  }

  /**
   * Takes all steps together, or none; none where somebody else has changed what a step is about since it was planned.
   * Again is safe: the answer to an earlier request may have been lost.
   */
  async change(steps: readonly Step[]): Promise<void> {
    const body = async (): Promise<string> => JSON.stringify({ changes: await this.#conditional(steps) });
    await this.#request("POST", "/v1/catalog/changes", body);
  }

  /** Begins a backfill. */
  async startBackfill(metric: string, span: { from: string; to?: string }): Promise<BackfillStatus> {
    const { text } = await this.#request("POST", backfillPath(metric), async () => JSON.stringify(span));
    return JSON.parse(text) as BackfillStatus;
  }

  /** A metric's backfills, the newest first. */
  async backfills(metric: string): Promise<BackfillStatus[]> {
    const { text } = await this.#request("GET", backfillPath(metric));
    return (JSON.parse(text) as { backfills: BackfillStatus[] }).backfills;
  }

  /** The steps with what each asks of what is stored. */
  async #conditional(steps: readonly Step[]): Promise<CatalogChangeRequest[]> {
    const changes: CatalogChangeRequest[] = [];
    const entries = steps.entries();
    const ask = async (): Promise<void> => {
      for (const [i, step] of entries) {
        const change = conditionalChange(step, await this.#stored(step.definition));
        if (typeof change === "string") throw new RefusedError(change);
        changes[i] = change;
      }
    };
    await Promise.all(Array.from({ length: ASKED_AT_ONCE }, ask));
    return changes;
  }

  async #stored(definition: Definition): Promise<StoredNow> {
    const path = `/v1/catalog/${shelfOf(definition)}/${encodeURIComponent(definition.name)}`;
    try {
      const { response, text } = await this.#request("GET", path);
      const stored = parsed(text);
      if (!isListed(stored)) throw new Error(`GET ${path} was answered without a definition: is it Freshet?`);
      const tag = response.headers.get("etag");
      return { definition: stored, ...(tag !== null && { tag }) };
    } catch (error) {
      if (error instanceof RefusedError && error.status === 404) return {};
      throw error;
    }
  }

  /** Asks again, as the server says, while it is busy: changes may be made twice. `body` is made for each try. */
  async #request(
    method: string,
    path: string,
    body?: () => Promise<string>,
  ): Promise<{ response: Response; text: string }> {
    for (let tries = 1; ; tries++) {
      const { response, text } = await this.#fetch(method, path, await body?.());
      if (response.ok) return { response, text };
      const isBusy = response.status === 503 || response.status === 429;
      if (!isBusy || tries === MOST_TRIES) {
        const message = `${method} ${path} was answered ${response.status}: ${messageOf(text)}`;
        throw response.status < 500 ? new RefusedError(message, response.status) : new Error(message);
      }
      await this.#pause(response.headers.get("retry-after"));
    }
  }

  async #pause(retryAfter: string | null): Promise<void> {
    const wantedMs = retryAfter === null ? USUAL_PAUSE_MS : retryAfterMs(retryAfter, Date.now());
    const { signal } = this.#options;
    // Broken off, it is over; the next request says so.
    await sleep(Math.min(wantedMs, LONGEST_PAUSE_MS), undefined, { signal }).catch(() => undefined);
  }

  async #fetch(method: string, path: string, body?: string): Promise<{ response: Response; text: string }> {
    const { url, key, signal, timeoutMs = 30_000 } = this.#options;
    const timeout = AbortSignal.timeout(timeoutMs);
    try {
      const response = await fetch(below(url, path), {
        method,
        headers: {
          authorization: `Bearer ${key}`,
          ...(body !== undefined && { "content-type": "application/json" }),
        },
        signal: AbortSignal.any([signal, timeout]),
        ...(body !== undefined && { body }),
      });
      return { response, text: await response.text() };
    } catch (error) {
      if (signal.aborted) throw new Error(`${method} ${path} was broken off`, { cause: error });
      const reason = timeout.aborted ? `no answer in ${timeoutMs} ms` : reasonOf(error);
      throw new Error(`${method} ${path}: ${url} does not answer: ${reason}`, { cause: error });
    }
  }
}

function backfillPath(metric: string): string {
  return `/v1/catalog/metrics/${encodeURIComponent(metric)}/backfill`;
}

function listOf(shelf: Shelf, text: string): Listed[] | undefined {
  const answer = parsed(text);
  const list: unknown = isObject(answer) ? answer[shelf] : undefined;
  return Array.isArray(list) && list.every(isListed) ? list : undefined;
}

function isListed(raw: unknown): raw is Listed {
  return isObject(raw) && typeof raw["name"] === "string";
}

/** The server's own sentence, or what stands in its place. */
function messageOf(text: string): string {
  const answer = parsed(text);
  const message: unknown = isObject(answer) ? answer["message"] : undefined;
  return typeof message === "string" ? message : text.slice(0, 300);
}

/** Undefined: no JSON. It is not from Freshet then, but from what stands before it, or something else. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
