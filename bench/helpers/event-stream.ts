import type { Event } from "../../protocol/event.ts";
import { randomness } from "./events.ts";

/** What a reader takes at once: 1 MiB of events of 170 B. */
export const EVENTS_PER_RANGE = 6_000;
export const PARTITIONS = 4;
/** The greatest distance of two events' times that are neighbours in the log: each sender has its own way. */
export const JITTER_MS = 100;
/** What one user does: so many events, in about so long. */
export const VISIT = { events: 50, ms: 20_000 };

const SEED = 20_261_102;
const START_MS = 1_760_000_000_000;
/** Names are used again once all were. */
const USERS = 2 ** 16;
const PAGES = 2_000;

/** How many groups there are, and how close together events are in event time. */
export interface Density {
  groups: number;
  eventsPerSecond: number;
}

/** Events of one partition, in the order of the log, their times up to `toMs`. */
export interface StreamRange {
  partition: number;
  events: readonly Event[];
  toMs: number;
}

/**
 * Events range by range, partition by partition: each of the partitions brings its share of the same stretch of event
 * time before the next stretch comes. Events are objects that are used again with other times and users, which the
 * measurements leave out.
 */
export class EventStream {
  readonly #events: Event[];
  readonly #users: readonly string[];
  readonly #groups: readonly string[];
  readonly #userOffsets: Int32Array;
  readonly #jitters: Int32Array;
  readonly #stretchMs: number;
  #ranges = 0;

  constructor({ groups, eventsPerSecond }: Density) {
    const random = randomness(SEED);
    this.#events = asParsed(Array.from({ length: EVENTS_PER_RANGE }, () => makeEvent(random)));
    this.#users = asParsed(Array.from({ length: USERS }, (_, user) => `u${user}`));
    this.#groups = asParsed(Array.from({ length: groups }, (_, group) => `g${group}`));
    // A visit's events are spread over those of all users who are there at the same time.
    const present = Math.max(1, Math.round((eventsPerSecond * VISIT.ms) / 1_000 / VISIT.events));
    const drawn = (below: number): Int32Array =>
      Int32Array.from(this.#events, () => Math.floor(random() * below));
    this.#userOffsets = drawn(present);
    this.#jitters = drawn(JITTER_MS);
    this.#stretchMs = (PARTITIONS * EVENTS_PER_RANGE * 1_000) / eventsPerSecond;
  }

  /** How far event time has come since the first event, in milliseconds. */
  get elapsedMs(): number {
    return Math.floor(this.#ranges / PARTITIONS) * this.#stretchMs;
  }

  /** The next range. Its events are those of the last one, changed. */
  next(): StreamRange {
    const fromMs = START_MS + this.elapsedMs;
    const firstUser = (this.#ranges * EVENTS_PER_RANGE) / VISIT.events;
    for (const [i, event] of this.#events.entries()) {
      const atMs = fromMs + (i / EVENTS_PER_RANGE) * this.#stretchMs;
      event.ts = Math.floor(atMs) - (this.#jitters[i] ?? 0);
      const user = Math.floor(firstUser + i / VISIT.events) + (this.#userOffsets[i] ?? 0);
      event.user = this.#users[user % USERS] ?? "";
      if (event.props !== undefined) event.props["group"] = this.#groups[user % this.#groups.length] ?? "";
    }
    const partition = this.#ranges++ % PARTITIONS;
    return { partition, events: this.#events, toMs: Math.floor(fromMs + this.#stretchMs) };
  }
}

/** Strings and objects as a parser leaves them: short strings are unique, with their hashes known. */
function asParsed<T>(value: T): T {
  return JSON.parse(JSON.stringify(value)) as T;
}

function makeEvent(random: () => number): Event {
  const latencyMs = Math.exp(3 + 1.2 * normal(random));
  return {
    name: "ad_click",
    ts: START_MS,
    user: "",
    value: Math.round(latencyMs * 100) / 100,
    props: { group: "", country: "DE", device: "mobile", page: `/p/${Math.floor(PAGES * random() ** 3)}` },
  };
}

function normal(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}
