import { setTimeout as sleep } from "node:timers/promises";
import { isObject } from "../../protocol/result.ts";

/**
 * What `/healthz` said: `silent` is no answer at all within the time, `unreached` one that is not the Worker's: the
 * workerd that takes the requests answers 500 by itself while there is no Worker behind it.
 */
export type Health =
  | { state: "ok"; log: string }
  | { state: "unavailable"; message: string }
  | { state: "unreached"; message: string }
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
  const message = textOf(body["message"]);
  if (message !== undefined) return { state: "unavailable", message };
  return { state: "unreached", message: `HTTP ${response.status}: ${text.slice(0, 200)}` };
}

/**
 * Waits until a server has said for `calmMs` that it is well: a log that cannot be reached shows only when readers have
 * tried, and one that has just been set up may refuse once.
 *
 * @returns undefined, or what is still wrong after `patienceMs`.
 */
export async function unwellAfter(
  url: string,
  calmMs: number,
  patienceMs: number,
  signal: AbortSignal,
): Promise<string | undefined> {
  const deadlineMs = Date.now() + patienceMs;
  let wellSinceMs: number | undefined;
  while (!signal.aborted) {
    const health = await askHealth(url, 5_000);
    const nowMs = Date.now();
    if (health.state === "ok") {
      wellSinceMs ??= nowMs;
      if (nowMs - wellSinceMs >= calmMs) return undefined;
    } else {
      wellSinceMs = undefined;
      if (nowMs > deadlineMs) return health.state === "silent" ? "no answer from /healthz" : health.message;
    }
    await sleep(200);
  }
  return undefined;
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
