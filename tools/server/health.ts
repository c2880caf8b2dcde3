import { isObject } from "../../protocol/result.ts";

/** What `/healthz` said: `silent` is no answer at all within the time. */
export type Health =
  | { state: "ok"; log: string }
  | { state: "unavailable"; message: string }
  | { state: "silent" };

/** Asks a server how it is. It wakes the readers too: after a restart no local alarm fires by itself. */
export async function askHealth(url: string, timeoutMs: number): Promise<Health> {
  let response: Response;
  let text: string;
  try {
    response = await fetch(`${url}/healthz`, { signal: AbortSignal.timeout(timeoutMs) });
    text = await response.text();
  } catch {
    return { state: "silent" };
  }
  const body = parse(text);
  if (response.ok) return { state: "ok", log: textOf(body["log"]) ?? "" };
  return {
    state: "unavailable",
    message: textOf(body["message"]) ?? `HTTP ${response.status}: ${text.slice(0, 200)}`,
  };
}

function parse(text: string): Record<string, unknown> {
  try {
    const body: unknown = JSON.parse(text);
    return isObject(body) ? body : {};
  } catch {
    return {};
  }
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}
