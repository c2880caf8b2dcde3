import { describe, fail, isObject, ok, type Result } from "./result.ts";
import { parseTimestamp } from "./time.ts";

const THRESHOLD_TONES = ["warning", "critical"] as const;
const THRESHOLD_SIDES = ["above", "below"] as const;

/** A value that matters: drawn as a line, and values on its wrong side are coloured. */
export interface Threshold {
  value: number;
  tone: (typeof THRESHOLD_TONES)[number];
  /** The side on which values are wrong. */
  when: (typeof THRESHOLD_SIDES)[number];
  label?: string;
}

/** Something that happened, at a moment or over a span: a deploy, an outage. Epoch ms. */
export interface Annotation {
  at: number;
  to?: number;
  label: string;
  /** Drawn on panels of this metric only; absent: on all. */
  metric?: string;
}

/** Checks one threshold; `tone` is `warning` and `when` `above` where they are left out. */
export function parseThreshold(at: string, raw: unknown): Result<Threshold> {
  if (!isObject(raw)) return bad(at, raw, 'an object such as {"value":90}');
  const { value, tone = "warning", when = "above", label } = raw;
  if (typeof value !== "number" || !Number.isFinite(value)) return bad(`${at}.value`, value, "a number");
  if (!isOneOf(THRESHOLD_TONES, tone)) return bad(`${at}.tone`, tone, "warning or critical");
  if (!isOneOf(THRESHOLD_SIDES, when)) return bad(`${at}.when`, when, "above or below");
  if (label === undefined) return ok({ value, tone, when });
  return typeof label === "string" ? ok({ value, tone, when, label }) : bad(`${at}.label`, label, "a string");
}

/** Checks one annotation; its times are epoch ms or ISO 8601. */
export function parseAnnotation(where: string, raw: unknown): Result<Annotation> {
  if (!isObject(raw)) {
    return bad(where, raw, 'an object such as {"at":"2026-11-01T12:00:00Z","label":"deploy"}');
  }
  const { label, metric } = raw;
  const at = parseTimestamp(raw["at"]);
  if (!at.ok) return bad(`${where}.at`, raw["at"], "epoch ms or ISO 8601");
  const to = raw["to"] === undefined ? at : parseTimestamp(raw["to"]);
  if (!to.ok || to.value < at.value) return bad(`${where}.to`, raw["to"], "a time that is not before 'at'");
  if (typeof label !== "string") return bad(`${where}.label`, label, "a string");
  if (metric !== undefined && typeof metric !== "string") return bad(`${where}.metric`, metric, "a string");
  const annotation: Annotation = { at: at.value, label };
  if (raw["to"] !== undefined) annotation.to = to.value;
  if (metric !== undefined) annotation.metric = metric;
  return ok(annotation);
}

function isOneOf<T>(values: readonly T[], value: unknown): value is T {
  return values.includes(value as T);
}

function bad(at: string, value: unknown, expected: string): Result<never> {
  return fail("dashboard", `${at} is ${describe(value)}; expected ${expected}`);
}
