import { seededRandom } from "./randomness.ts";

const HOUR_MS = 3_600_000;

/** The day's rhythm: 1 at 20:00 local time, when people are at home, 0.3 at 8:00. */
export function dayRhythm(nowMs: number, utcOffsetHours: number): number {
  const hour = nowMs / HOUR_MS + utcOffsetHours;
  return 0.65 + 0.35 * Math.cos(((hour - 20) / 24) * 2 * Math.PI);
}

/** Periods in seconds that have no common multiple within hours, and their shares. */
const WAVES = [
  { seconds: 211, share: 0.4 },
  { seconds: 67, share: 0.3 },
  { seconds: 23, share: 0.2 },
  { seconds: 7.3, share: 0.1 },
] as const;

/** Slow movement around 0, at most 1, that does not repeat: what makes a number breathe. */
export function wave(nowMs: number, phase: number): number {
  return WAVES.reduce((sum, { seconds, share }, i) => {
    const turns = nowMs / 1000 / seconds + phase * (0.37 + 0.21 * i);
    return sum + share * Math.sin(2 * Math.PI * turns);
  }, 0);
}

export interface BurstPlan {
  /** Tells bursts of different things apart. */
  salt: number;
  everyMs: number;
  lastsMs: number;
  /** How likely each slot of `everyMs` holds a burst. */
  chance: number;
}

/** How strong a burst is now, from 0 to 1. Which slots hold one follows from the time alone. */
export function burst(nowMs: number, { salt, everyMs, lastsMs, chance }: BurstPlan): number {
  const shifted = nowMs + salt * 7_919_000;
  const slot = Math.floor(shifted / everyMs);
  const random = seededRandom(slot * 31 + salt);
  if (random() >= chance) return 0;
  const begin = random() * (everyMs - lastsMs);
  const share = (shifted - slot * everyMs - begin) / lastsMs;
  return share < 0 || share > 1 ? 0 : Math.sin(share * Math.PI) ** 2;
}
