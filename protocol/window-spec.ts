import { LIMITS } from "./limits.ts";
import { describe, fail, isObject, ok, type Result } from "./result.ts";
import { parseDuration } from "./time.ts";

/**
 * Windows in event time. A point stands every `everyMs` for the `sizeMs` before it; tumbling and session windows
 * have both alike. Sessions end `gapMs` after a user's last event and count in the slice that they end in.
 */
export interface WindowSpec {
  type: "tumbling" | "sliding" | "session";
  sizeMs: number;
  /** Distance of two windows' ends. */
  everyMs: number;
  /** Of sessions: silence of this length ends one. */
  gapMs?: number;
}

/** A window as it was defined. */
export interface WindowSource {
  type: "tumbling" | "sliding" | "session";
  size?: string;
  every?: string;
  gap?: string;
}

const LONGEST_WINDOW_MS = 31 * 86_400_000;
const LONGEST_GAP_MS = 86_400_000;
const SHORTEST_STEP_MS = 100;
const DEFAULT_SESSION_SLICE = "1m";
const FIELDS: Record<WindowSpec["type"], readonly string[]> = {
  tumbling: ["type", "size"],
  sliding: ["type", "size", "every"],
  session: ["type", "gap", "every"],
};

/** Checks a metric's `window`. */
export function parseWindow(raw: unknown): Result<WindowSpec> {
  if (!isObject(raw))
    return bad(`window is ${describe(raw)}; expected an object such as {"type":"tumbling","size":"1s"}`);
  const type = raw["type"];
  if (type !== "tumbling" && type !== "sliding" && type !== "session") {
    return bad(`window.type is ${describe(type)}; expected 'tumbling', 'sliding' or 'session'`);
  }
  const odd = Object.keys(raw).find((field) => !FIELDS[type].includes(field));
  if (odd === "every" && type === "tumbling") {
    return bad("window.every belongs to sliding windows; a tumbling window's step is its size");
  }
  if (odd !== undefined) {
    return bad(`unknown field ${describe(`window.${odd}`)}; a ${type} window has ${FIELDS[type].join(", ")}`);
  }
  if (type === "session") return parseSession(raw);
  const sizeMs = duration("size", raw["size"], LONGEST_WINDOW_MS, "31d");
  if (!sizeMs.ok) return sizeMs;
  if (type === "tumbling") return ok({ type, sizeMs: sizeMs.value, everyMs: sizeMs.value });
  const everyMs = duration("every", raw["every"], sizeMs.value, "the window's size");
  if (!everyMs.ok) return everyMs;
  const window: WindowSpec = { type, sizeMs: sizeMs.value, everyMs: everyMs.value };
  const panes = window.sizeMs / paneMs(window);
  if (panes <= LIMITS.panesPerWindow) return ok(window);
  return bad(
    `window.size and window.every make ${panes} panes a window; the bound is ${LIMITS.panesPerWindow}`,
  );
}

function parseSession(raw: Record<string, unknown>): Result<WindowSpec> {
  const gapMs = duration("gap", raw["gap"], LONGEST_GAP_MS, "1d");
  if (!gapMs.ok) return gapMs;
  const everyMs = duration("every", raw["every"] ?? DEFAULT_SESSION_SLICE, LONGEST_WINDOW_MS, "31d");
  if (!everyMs.ok) return everyMs;
  return ok({ type: "session", sizeMs: everyMs.value, everyMs: everyMs.value, gapMs: gapMs.value });
}

/** Length of a pane: the longest slice that both the size and the step are multiples of. */
export function paneMs(window: { sizeMs: number; everyMs: number }): number {
  let [a, b] = [window.sizeMs, window.everyMs];
  while (b > 0) [a, b] = [b, a % b];
  return a;
}

function duration(field: string, raw: unknown, mostMs: number, most: string): Result<number> {
  const ms = parseDuration(raw);
  if (ms !== undefined && ms >= SHORTEST_STEP_MS && ms <= mostMs) return ok(ms);
  return bad(`window.${field} is ${describe(raw)}; expected a duration from 100ms to ${most}`);
}

function bad(message: string): { ok: false; reason: string; message: string } {
  return fail("metric", message);
}
