/** Always the same events: what is measured is the code, not the luck of the draw. */
const SEED = 20_261_101;
/** Bytes of one event's JSON, its comma included. */
export const EVENT_BYTES = 170;

const CAMPAIGNS = ["spring", "summer", "autumn", "winter", "brand", "launch", "retarget", "partner"];
const COUNTRIES = ["DE", "US", "FR", "IN", "BR", "JP", "GB", "PL"];
const DEVICES = ["mobile", "desktop", "tablet"];
/** Where a `ts` stands in an event: after `{"name":"ad_click","ts":`. */
const TS_OFFSET = '{"name":"ad_click","ts":'.length;
const TS_DIGITS = 13;

/** A request's body, whose times can be set without making it anew. */
export class EventBody {
  readonly bytes: Buffer;
  readonly events: number;
  readonly #tsOffsets: number[] = [];

  /** @param events one event stands for itself; several are a JSON array. */
  constructor(events: readonly string[]) {
    this.events = events.length;
    const text = events.length === 1 ? (events[0] ?? "") : `[${events.join(",")}]`;
    this.bytes = Buffer.from(text);
    let at = events.length === 1 ? 0 : 1;
    for (const event of events) {
      this.#tsOffsets.push(at + TS_OFFSET);
      at += event.length + 1;
    }
  }

  /** Sets the time of every event. Its length does not change, so neither does the work. */
  setTime(epochMs: number): void {
    const digits = String(epochMs);
    for (const offset of this.#tsOffsets) this.bytes.write(digits, offset, TS_DIGITS, "latin1");
  }
}

/** `count` bodies of `eventsEach` events. */
export function makeBodies(count: number, eventsEach: number): EventBody[] {
  const random = randomness(SEED);
  return Array.from(
    { length: count },
    () => new EventBody(Array.from({ length: eventsEach }, () => makeEvent(random))),
  );
}

function makeEvent(random: () => number): string {
  const pick = (choices: readonly string[]): string => choices[Math.floor(random() * choices.length)] ?? "";
  const event = {
    name: "ad_click",
    ts: 1_764_000_000_000,
    user: `u${String(Math.floor(random() * 50_000)).padStart(6, "0")}`,
    value: Math.round(random() * 10_000) / 100,
    props: { campaign: pick(CAMPAIGNS), country: pick(COUNTRIES), device: pick(DEVICES), page: "" },
  };
  const missing = EVENT_BYTES - 1 - JSON.stringify(event).length;
  event.props.page = `/offers/${String(Math.floor(random() * 1e9))}/`.padEnd(missing, "x").slice(0, missing);
  return JSON.stringify(event);
}

/** A small generator of well mixed numbers in [0, 1) (mulberry32). */
export function randomness(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
