import { seededRandom } from "./randomness.ts";

const SEATS = 60;
/** Each player plays at most once in a stretch of this length. */
const TURN_MS = 200_000;
const PLAYS = 0.8;
const SHORTEST_MS = 20_000;
const LONGEST_MS = 150_000;

/** The players of a region who are in the middle of a session at `nowMs`: follows from the time alone. */
export function playersOf(region: string, salt: number, nowMs: number): string[] {
  const playing: string[] = [];
  for (let seat = 0; seat < SEATS; seat++) {
    if (isPlaying(salt * SEATS + seat, nowMs)) playing.push(`${region}-${seat + 1}`);
  }
  return playing;
}

/** Short sessions are as likely as long ones of twice the length. */
function isPlaying(player: number, nowMs: number): boolean {
  const shifted = nowMs + player * 7_919_000;
  const turn = Math.floor(shifted / TURN_MS);
  const random = seededRandom(turn * 4_001 + player);
  if (random() >= PLAYS) return false;
  const lastsMs = SHORTEST_MS * (LONGEST_MS / SHORTEST_MS) ** random();
  const begin = random() * (TURN_MS - lastsMs);
  const since = shifted - turn * TURN_MS - begin;
  return since >= 0 && since < lastsMs;
}
