import { describe, expect, it } from "vitest";
import { encodeEvents } from "../../durable-objects/archive/event-file.ts";
import { EventRows } from "../../durable-objects/archive/event-rows.ts";
import type { Event } from "../../protocol/event.ts";
import { seededRandom } from "../../tools/demo/randomness.ts";

const EVENTS_A_BATCH = 100;
const HOUR_START_MS = 1_764_000_000_000;
const random = seededRandom(1);

function pick(choices: readonly string[]): string {
  return choices[Math.floor(random() * choices.length)] ?? "";
}

/** An event as `bench/helpers/events.ts` has them: 170 bytes of JSON. */
function event(ts: number, hasId: boolean): Event {
  const campaign = pick(["spring", "summer", "autumn", "winter", "brand", "launch", "retarget", "partner"]);
  const country = pick(["DE", "US", "FR", "IN", "BR", "JP", "GB", "PL"]);
  const device = pick(["mobile", "desktop", "tablet"]);
  const whole = {
    name: "ad_click",
    ts,
    user: `u${String(Math.floor(random() * 50_000)).padStart(6, "0")}`,
    value: Math.round(random() * 10_000) / 100,
    props: { campaign, country, device, page: "" },
  };
  const missing = 169 - JSON.stringify(whole).length;
  whole.props.page = `/offers/${Math.floor(random() * 1e9)}/`.padEnd(missing, "x").slice(0, missing);
  return hasId ? { ...whole, id: crypto.randomUUID() } : whole;
}

/** Bytes of an event in a file of so many, of one minute. */
function bytesOf(events: number, hasIds: boolean): number {
  const rows = new EventRows();
  for (let i = 0; i < events; i++) {
    const ts = HOUR_START_MS + Math.floor((i * 60_000) / events) + ((i * 7_919) % 3_000);
    rows.add(event(ts, hasIds), Math.floor(i / EVENTS_A_BATCH), i % EVENTS_A_BATCH);
  }
  return encodeEvents(rows).body.length / events;
}

describe("[P6] the archive's files, made by the runtime that makes them", () => {
  it.each([
    [50_000, false, 30],
    [2_000, false, 30],
    // A random id is 16 bytes that nothing can make less.
    [50_000, true, 45],
  ])(
    "[P6] of %i events of 170 bytes (with ids: %s) take at most %i bytes of each",
    (events, hasIds, most) => {
      const bytes = bytesOf(events, hasIds);
      expect(bytes).toBeLessThanOrEqual(most);
    },
  );
});
