import fc from "fast-check";
import { expect, it } from "vitest";
import { SimulatedStorage } from "../../test/simulation/simulated-storage.ts";
import { episodePage, type EpisodePlace, idsBelow, parseCursor } from "./episode-pages.ts";
import { AlertStore } from "../storage/alert-store.ts";

const OBJECTS = ["shop", "shop/clicks/0.2", "shop/clicks/1.2"];

interface Fired {
  object: number;
  firedAt: number;
  lastsMs: number | null;
}

/** A project's objects, each with its alerts in the order in which they fired. */
function storesWith(fired: readonly Fired[]): AlertStore[] {
  return OBJECTS.map((_, object) => {
    const store = new AlertStore(new SimulatedStorage() as never);
    const own = fired.filter((each) => each.object === object).sort((a, b) => a.firedAt - b.firedAt);
    for (const [id, { firedAt, lastsMs }] of own.entries()) {
      const group = { g: `${object} ${id}` };
      store.beginEpisode(id, firedAt, {
        alert: "a",
        metric: "m",
        group,
        condition: "> 5",
        firedValue: 6,
        resolvedValue: null,
      });
      if (lastsMs !== null) store.endEpisode(id, firedAt + lastsMs, 1);
    }
    return store;
  });
}

function pageOf(stores: readonly AlertStore[], span: [number, number], limit: number, after?: EpisodePlace) {
  const [fromMs, toMs] = span;
  const objects = stores.map((store, i) => {
    const object = OBJECTS[i] ?? "";
    const before = after && { firedAt: after.firedAt, idsBelow: idsBelow(after, object) };
    const episodes = store.episodes({ fromMs, toMs, most: limit + 1, ...(before && { before }) });
    return { object, episodes };
  });
  return episodePage(objects, limit);
}

it("[A1] of any alerts of several objects, pages of any size have each that was firing in a span once, newest first", () => {
  const firings = fc.array(
    fc.record({
      object: fc.integer({ min: 0, max: 2 }),
      firedAt: fc.integer({ min: 0, max: 12 }),
      lastsMs: fc.oneof(fc.constant(null), fc.integer({ min: 0, max: 8 })),
    }),
    { maxLength: 40 },
  );
  fc.assert(
    fc.property(
      firings,
      fc.integer({ min: 0, max: 12 }),
      fc.integer({ min: 0, max: 14 }),
      fc.integer({ min: 1, max: 7 }),
      (fired, fromMs, spanMs, limit) => {
        const stores = storesWith(fired);
        const toMs = fromMs + spanMs;
        const wanted = pageOf(stores, [fromMs, toMs], 1_000).episodes;
        expect(wanted).toHaveLength(
          fired.filter(
            ({ firedAt, lastsMs }) =>
              firedAt <= toMs && (lastsMs === null ? Infinity : firedAt + lastsMs) >= fromMs,
          ).length,
        );
        const found: typeof wanted = [];
        let after: EpisodePlace | undefined;
        for (let pages = 0; pages < 50; pages++) {
          const page = pageOf(stores, [fromMs, toMs], limit, after);
          found.push(...page.episodes);
          if (page.cursor === undefined) break;
          expect(page.episodes).toHaveLength(limit);
          const place = parseCursor(page.cursor);
          if (!place.ok) throw new Error(place.message);
          after = place.value;
        }
        expect(found).toEqual(wanted);
        expect(found.map(({ firedAt }) => -firedAt)).toEqual(
          found.map(({ firedAt }) => -firedAt).sort((a, b) => a - b),
        );
      },
    ),
  );
});

it.each([
  "",
  "1",
  "1:2",
  "1:2:",
  "-1:2:shop",
  "1.5:2:shop",
  "a:b:c",
  "99999999999999999:1:shop",
  `1:2:${"x".repeat(401)}`,
])("[A1] a cursor %j that no answer gave is refused", (text) => {
  expect(parseCursor(text)).toMatchObject({
    ok: false,
    message: expect.stringMatching(/^cursor is ".*expected the cursor/s),
  });
});
