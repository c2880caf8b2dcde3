import type { Event } from "../../protocol/event.ts";
import { playersOf } from "./players.ts";
import { bell, poisson, seededRandom } from "./randomness.ts";
import { burst, dayRhythm, wave } from "./rhythm.ts";

const REGIONS = [
  { region: "europe", players: 5_200, utcOffset: 1, pingMs: 27 },
  { region: "america", players: 6_100, utcOffset: -6, pingMs: 38 },
  { region: "asia", players: 4_300, utcOffset: 8, pingMs: 56 },
  { region: "oceania", players: 1_400, utcOffset: 10, pingMs: 84 },
] as const;

const MODES = [
  { mode: "duel", perSecond: 5 },
  { mode: "ranked", perSecond: 3 },
  { mode: "royale", perSecond: 1.5 },
] as const;

const PINGS_PER_SECOND = 9;

/** An online game over the `elapsedMs` before `nowMs`: who plays, matches that start, latencies that players measure. */
export function gameTraffic(nowMs: number, elapsedMs: number, random: () => number): Event[] {
  return [
    ...headcounts(nowMs, elapsedMs),
    ...matches(nowMs, elapsedMs, random),
    ...pings(nowMs, elapsedMs, random),
  ];
}

/** Each region reports once a second, in its middle: so each window of a second gets one report of each. */
function headcounts(nowMs: number, elapsedMs: number): Event[] {
  const events: Event[] = [];
  const first = Math.floor((nowMs - elapsedMs - 500) / 1000) + 1;
  for (let second = first; second * 1000 + 500 <= nowMs; second++) {
    const ts = second * 1000 + 500;
    for (const [salt, { region, players, utcOffset }] of REGIONS.entries()) {
      const crowd = 0.3 * burst(ts, { salt: salt + 20, everyMs: 180_000, lastsMs: 60_000, chance: 0.5 });
      const restless = 0.008 * bell(seededRandom(second * 8 + salt));
      const share = dayRhythm(ts, utcOffset) * (1 + 0.12 * wave(ts, salt) + crowd + restless);
      const value = Math.round(players * share);
      events.push({ name: "player_online", ts, value, props: { region } });
    }
  }
  return events;
}

function matches(nowMs: number, elapsedMs: number, random: () => number): Event[] {
  return MODES.flatMap(({ mode, perSecond }, salt) => {
    const rush = burst(nowMs, { salt: salt + 40, everyMs: 60_000, lastsMs: 12_000, chance: 0.5 });
    const mean = (perSecond * (1 + 0.3 * wave(nowMs, salt + 3) + 1.5 * rush) * elapsedMs) / 1000;
    return Array.from({ length: poisson(mean, random) }, () => ({
      name: "match_start",
      ts: Math.floor(nowMs - random() * elapsedMs),
      props: { mode, region: REGIONS[Math.floor(random() * REGIONS.length)]?.region ?? "europe" },
    }));
  });
}

function pings(nowMs: number, elapsedMs: number, random: () => number): Event[] {
  return REGIONS.flatMap(({ region, pingMs }, salt) => {
    // Now and then a route is congested: all of a region suffers, some of it more.
    const jam = burst(nowMs, { salt: salt + 60, everyMs: 90_000, lastsMs: 15_000, chance: 0.4 });
    const players = playersOf(region, salt, nowMs);
    return Array.from({ length: poisson((PINGS_PER_SECOND * elapsedMs) / 1000, random) }, () => {
      const tail = random() < 0.03 + 0.1 * jam ? 3 : 1;
      const value = pingMs * (1 + 0.9 * jam) * tail * (1 + 0.12 * bell(random));
      return {
        name: "game_latency",
        ts: Math.floor(nowMs - random() * elapsedMs),
        user: players[Math.floor(random() * players.length)] ?? `${region}-1`,
        value: Math.round(value * 10) / 10,
        props: { region },
      };
    });
  });
}
