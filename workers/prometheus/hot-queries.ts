import type { HotQuerySettings } from "../../durable-objects/settings.ts";
import { PROJECT_LABEL } from "../../protocol/prometheus-names.ts";
import { unavailable } from "../http-error.ts";
import { restrictToProject } from "./enforce-project.ts";
import { badParameter } from "./parameters.ts";

const TIMEOUT_MS = 60_000;
/** What goes on as it came; all else a client sends stays here. */
const PASSED = ["time", "start", "end", "step", "timeout", "limit"];

/** Asks the hot store in the name of one project. */
export class HotQueries {
  readonly #settings: HotQuerySettings;
  readonly #project: string;

  constructor(settings: HotQuerySettings, project: string) {
    this.#settings = settings;
    this.#project = project;
  }

  /** Asks `query` or `query_range`. */
  query(path: "query" | "query_range", parameters: URLSearchParams, query: string): Promise<Response> {
    return this.#ask(path, parameters, [["query", restrictToProject(query, this.#project)]]);
  }

  /** Asks `series`, `labels` or the values of a label. */
  list(path: string, parameters: URLSearchParams): Promise<Response> {
    const selectors = parameters.getAll("match[]").map((text) => restrictToProject(text, this.#project));
    if (selectors.length === 0) selectors.push(restrictToProject("{}", this.#project));
    return this.#ask(
      path,
      parameters,
      selectors.map((selector) => ["match[]", selector]),
    );
  }

  async #ask(path: string, parameters: URLSearchParams, restricted: [string, string][]): Promise<Response> {
    const { queryUrl, token } = this.#settings;
    const form = new URLSearchParams(restricted);
    for (const name of PASSED) {
      const [value, second] = parameters.getAll(name);
      if (second !== undefined) throw badParameter(name, "it is given twice");
      if (value !== undefined && value !== "") form.set(name, value);
    }
    // VictoriaMetrics holds every selector to this besides; others pass it over.
    form.set("extra_label", `${PROJECT_LABEL}=${this.#project}`);
    try {
      const response = await fetch(`${queryUrl}/api/v1/${path}?${form.toString()}`, {
        headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
        redirect: "manual",
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
      if (
        response.status === 401 ||
        response.status === 403 ||
        (response.status >= 300 && response.status < 400)
      ) {
        throw unavailable(`the hot store answers with ${response.status}: is TSDB_TOKEN right?`, 30_000);
      }
      const headers = { "content-type": response.headers.get("content-type") ?? "application/json" };
      return new Response(response.body, { status: response.status, headers });
    } catch (error) {
      if (error instanceof Error && error.name === "HttpError") throw error;
      throw unavailable("the hot store does not answer", 5_000);
    }
  }
}
