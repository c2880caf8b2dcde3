import { isObject } from "../../protocol/result.ts";
import { RequestError } from "../api.ts";

const TIMEOUT_MS = 15_000;

/**
 * Asks the server for JSON with any method.
 *
 * @throws RequestError with the server's own sentence.
 */
export async function ask<T>(
  key: string,
  method: string,
  path: string,
  body?: unknown,
  signal?: AbortSignal,
): Promise<T> {
  const timeout = AbortSignal.timeout(TIMEOUT_MS);
  const answer = await fetch(path, {
    method,
    headers: { authorization: `Bearer ${key}` },
    signal: signal === undefined ? timeout : AbortSignal.any([signal, timeout]),
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  }).catch((error: unknown) => {
    if (signal?.aborted === true) throw error;
    throw new RequestError(0, "The server does not answer.");
  });
  const text = await answer.text();
  if (answer.ok) return (text === "" ? undefined : JSON.parse(text)) as T;
  throw new RequestError(answer.status, sentenceIn(text) ?? `The server answered ${answer.status}.`);
}

function sentenceIn(text: string): string | undefined {
  try {
    const body: unknown = JSON.parse(text);
    return isObject(body) && typeof body["message"] === "string" ? body["message"] : undefined;
  } catch {
    return undefined;
  }
}
