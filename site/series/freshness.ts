import { formatAge, formatSpan } from "../format.ts";
import type { Traits } from "./traits.ts";

export type FreshnessTone = "waiting" | "live" | "stale" | "offline" | "paused" | "past" | "failed";

/** How old what a panel shows is, in a word and in a colour. */
export interface Freshness {
  tone: FreshnessTone;
  /** Of what is live, how old it is and no more. */
  text: string;
}

/** What freshness is told from. All times on the server's clock. */
export interface FreshnessInput {
  nowMs: number;
  connected: boolean;
  /** Since when the page stands still, if it does. */
  pausedAtMs: number | undefined;
  /** When the newest news happened: its arrival at the edge. Undefined before the first. */
  freshAtMs: number | undefined;
  /** The longest that the data's own rhythm leaves between two points. */
  rhythmMs: number;
  traits: Traits;
  /** What is shown is over: it has no age that matters. */
  isPast?: boolean;
  /** There is no answer to show. */
  failed?: boolean;
}

/** Below this nothing is late: events travel, windows tick, an agent rests between two reports. */
const PATIENCE_MS = 5_000;
/** As exactly as the server's clock is known. */
const SKEW_MS = 1_500;

/** Judges. Data that come every ten seconds are not stale after five. */
export function freshness(input: FreshnessInput): Freshness {
  const { nowMs, connected, pausedAtMs, freshAtMs } = input;
  if (input.failed === true) return { tone: "failed", text: "no answer" };
  if (input.isPast === true) return { tone: "past", text: "past" };
  if (pausedAtMs !== undefined) return { tone: "paused", text: `paused · ${formatAge(nowMs - pausedAtMs)}` };
  if (freshAtMs === undefined) {
    return connected ? { tone: "waiting", text: "no data" } : { tone: "offline", text: "offline" };
  }
  // The newest point is of a step that is not over: how new what is in it is, it does not say.
  if (connected && freshAtMs - nowMs > SKEW_MS)
    return { tone: "live", text: `<${formatSpan(input.traits.stepMs).replace("≈ ", "")}` };
  const ageMs = Math.max(0, nowMs - freshAtMs);
  if (!connected) return { tone: "offline", text: `offline · ${formatAge(ageMs)}` };
  if (ageMs > staleAfterMs(input)) return { tone: "stale", text: `stale · ${formatAge(ageMs)}` };
  return { tone: "live", text: ageMs < 50 ? "<0.1 s" : formatAge(ageMs) };
}

function staleAfterMs({ rhythmMs, traits }: FreshnessInput): number {
  return PATIENCE_MS + 2 * Math.max(rhythmMs, traits.stepMs);
}
