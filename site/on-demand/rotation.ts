import { parseDuration } from "../../protocol/time.ts";
import { pageOptions } from "../page/page-options.ts";

const USUAL_MS = 30_000;
const LEAST_MS = 5_000;
const MOST_MS = 86_400_000;

/** What a wall screen goes round, as its address says. */
export interface Rotation {
  /** Names, in their order. */
  names: string[];
  everyMs: number;
}

/** Reads `rotate` and `every`; undefined: the screen stays where it is. */
export function rotationOf(text: string, known: readonly string[]): Rotation | undefined {
  const params = new URLSearchParams(text);
  const wanted = params.get("rotate");
  if (wanted === null || !pageOptions(text).kiosk) return undefined;
  const names = wanted === "*" ? [...known] : wanted.split(",").map((name) => name.trim());
  const everyMs = parseDuration(params.get("every")) ?? USUAL_MS;
  // What is not there may come: it is passed over until then.
  const there = [...new Set(names)].filter((name) => known.includes(name));
  return { names: there, everyMs: Math.min(MOST_MS, Math.max(LEAST_MS, everyMs)) };
}

/** Which dashboard comes after one; undefined: none. */
export function nextDashboard(names: readonly string[], current: string | undefined): string | undefined {
  const next = names[(names.indexOf(current ?? "") + 1) % names.length];
  return next === current ? undefined : next;
}
