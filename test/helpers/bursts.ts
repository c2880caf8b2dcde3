import type { Event } from "../../protocol/event.ts";
import { Random } from "../simulation/random.ts";

const DAY_MS = 24 * 3_600_000;
const EVENTS_OF_A_BURST = 40;
const BURST_MS = 40 * 60_000;

/**
 * Events before `nowMs` in bursts, each within so many days of it as `days` says by turns: the same for the same seed.
 *
 * @returns them ascending in time.
 */
export function bursts(
  nowMs: number,
  { seed, count, days }: { seed: number; count: number; days: number[] },
): Event[] {
  const random = new Random(seed);
  const events: Event[] = [];
  for (let burst = 0; burst < count; burst++) {
    const aroundMs = nowMs - (days[burst % days.length] ?? 1) * DAY_MS * (random.below(1_000) / 1_000);
    for (let i = 0; i < EVENTS_OF_A_BURST; i++) {
      events.push({
        name: "e",
        ts: Math.floor(Math.min(nowMs - 1, aroundMs + random.below(BURST_MS))),
        value: random.below(1_000),
        user: `u${random.below(30)}`,
        props: { g: `g${random.below(5)}`, h: random.below(2) === 0 },
      });
    }
  }
  return events.sort((a, b) => a.ts - b.ts);
}
