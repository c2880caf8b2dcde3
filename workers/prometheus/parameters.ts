import { parsePromDuration } from "./promql/literals.ts";
import { PromqlError } from "./promql/promql-error.ts";

const MOST_BODY_BYTES = 1024 * 1024;
const DATE = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:Z|[+-]\d{2}:\d{2})$/;
/** Bounds of what JavaScript calls a date. */
const FARTHEST_MS = 8.64e15;

/** A request's parameters: of its address, and of its body where that is a form. */
export async function parametersOf(request: Request): Promise<URLSearchParams> {
  const parameters = new URLSearchParams(new URL(request.url).search);
  if (request.method !== "POST") return parameters;
  const length = Number(request.headers.get("content-length") ?? 0);
  const text = length > MOST_BODY_BYTES ? undefined : await request.text();
  if (text === undefined || text.length > MOST_BODY_BYTES) {
    throw badParameter("body", `it has ${text?.length ?? length} bytes; the bound is ${MOST_BODY_BYTES}`);
  }
  for (const [name, value] of new URLSearchParams(text)) parameters.append(name, value);
  return parameters;
}

/** A time as epoch seconds or RFC 3339: epoch ms. */
export function timeParameter(parameters: URLSearchParams, name: string, fallbackMs?: number): number {
  const text = parameters.get(name) ?? "";
  if (text === "" && fallbackMs !== undefined) return fallbackMs;
  const ms = DATE.test(text)
    ? Date.parse(text)
    : text.trim() === ""
      ? Number.NaN
      : Math.round(Number(text) * 1_000);
  if (Math.abs(ms) <= FARTHEST_MS) return ms;
  throw badParameter(name, `cannot parse ${JSON.stringify(text)} to a valid timestamp`);
}

/** A duration as seconds or such as `15s`: ms. */
export function stepParameter(parameters: URLSearchParams): number {
  const text = parameters.get("step") ?? "";
  const ms = text.trim() === "" ? Number.NaN : Number(text) * 1_000;
  const stepMs = Number.isNaN(ms) ? parsePromDuration(text) : Math.round(ms);
  if (stepMs === undefined)
    throw badParameter("step", `cannot parse ${JSON.stringify(text)} to a valid duration`);
  if (stepMs > 0 && stepMs <= FARTHEST_MS) return stepMs;
  throw badParameter(
    "step",
    "zero or negative query resolution step widths are not accepted. Try a positive integer",
  );
}

/** A parameter that must be there. */
export function textParameter(parameters: URLSearchParams, name: string): string {
  const text = parameters.get(name) ?? "";
  if (text !== "") return text;
  throw badParameter(name, "it is missing");
}

/** How many entries an answer may have, where the client says so. */
export function limitParameter(parameters: URLSearchParams): number {
  const text = parameters.get("limit") ?? "0";
  if (/^\d{1,9}$/.test(text)) return Number(text) || Number.POSITIVE_INFINITY;
  throw badParameter("limit", `it is ${JSON.stringify(text)}; expected a whole number`);
}

export function badParameter(name: string, message: string): PromqlError {
  return new PromqlError("bad_data", `invalid parameter "${name}": ${message}`);
}
