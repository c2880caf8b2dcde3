import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { hash64 } from "../hash.ts";
import { mergedAnyhow, seededRandom, shuffled, taking } from "./adversarial-data.ts";
import type { Accumulator, Encoded, Input } from "./aggregate.ts";
import { uniques } from "./uniques.ts";

const REGISTERS = 2 ** 14;
const STANDARD_ERROR = 1.04 / Math.sqrt(REGISTERS);
/** As many values are told apart one by one. */
const MAX_ENTRIES = 1_536;

/** Everything about an accumulator that can be seen. */
function seen(accumulator: Accumulator): unknown {
  return [accumulator.result(1_000), accumulator.encode(), accumulator.bytes];
}

/** Ids as they come: numbers, numbered names, hexadecimal, with what differs at either end. */
function id(seed: number, i: number): Input {
  if (seed % 4 === 0) return seed * 1e8 + i;
  if (seed % 4 === 1) return `user-${seed}-${i}`;
  if (seed % 4 === 2) return `${i.toString(16).padStart(8, "0")}-${seed}`;
  return `${i}@${seed}.example.com`;
}

function ids(seed: number, count: number): Input[] {
  return Array.from({ length: count }, (_, i) => id(seed, i));
}

/** Relative errors at each of `counts` distinct values, for seeds from 1 on: `errors[which count][which seed]`. */
function errorsAt(counts: readonly number[], seeds: number): number[][] {
  const errors = counts.map((): number[] => []);
  for (let seed = 1; seed <= seeds; seed++) {
    const accumulator = uniques.create();
    let added = 0;
    counts.forEach((count, which) => {
      for (; added < count; added++) accumulator.add(id(seed, added));
      errors[which]?.push(accumulator.result() / count - 1);
    });
  }
  return errors;
}

/** What the standard error promises of many runs: 95 % within twice of it, all within four times, no bias. */
function expectStandardError(errors: readonly number[]): void {
  const mean = errors.reduce((sum, error) => sum + error, 0) / errors.length;
  const within = errors.filter((error) => Math.abs(error) <= 0.016).length;
  expect(within / errors.length).toBeGreaterThanOrEqual(0.95);
  expect(Math.max(...errors.map(Math.abs))).toBeLessThanOrEqual(0.033);
  expect(Math.abs(mean)).toBeLessThanOrEqual((3 * STANDARD_ERROR) / Math.sqrt(errors.length));
}

describe("[M2] uniques", () => {
  it("[M2] of few values is their number", () => {
    for (let seed = 1; seed <= 50; seed++) {
      for (const count of [0, 1, 2, 10, 100]) {
        expect(taking(uniques, ids(seed, count)).result()).toBe(count);
      }
      const thousand = taking(uniques, ids(seed, 1_000)).result();
      expect(Math.abs(thousand - 1_000)).toBeLessThanOrEqual(1);
    }
  });

  it("[M2] of many values is within its standard error, without bias", { timeout: 60_000 }, () => {
    const counts = [1_600, 3_000, REGISTERS, 2.5 * REGISTERS, 5 * REGISTERS, 100_000];
    for (const errors of errorsAt(counts, 200)) expectStandardError(errors);
  });

  it("[M2] of a million values is within its standard error", { timeout: 60_000 }, () => {
    for (const errors of errorsAt([300_000, 1_000_000], 20)) expectStandardError(errors);
  });

  it("[M2] of ten million values is within four standard errors", { timeout: 60_000 }, () => {
    for (const [error] of errorsAt([10_000_000], 1)) expect(Math.abs(error ?? 1)).toBeLessThanOrEqual(0.033);
  });

  it("[M2] is not changed by values that come again", () => {
    for (const count of [3, 1_000, MAX_ENTRIES, MAX_ENTRIES + 1, 20_000]) {
      const xs = ids(5, count);
      const accumulator = taking(uniques, xs);
      const before = seen(accumulator);
      for (const x of shuffled(xs, seededRandom(count))) accumulator.add(x);
      expect(seen(accumulator)).toEqual(before);
      accumulator.merge(taking(uniques, xs.slice(count >> 1)));
      expect(seen(accumulator)).toEqual(before);
    }
  });

  it("[M2] is the same for any split, order and tree of merges", () => {
    const counts = fc.oneof(
      fc.integer({ min: 0, max: 50 }),
      fc.integer({ min: MAX_ENTRIES - 3, max: MAX_ENTRIES + 3 }),
      fc.integer({ min: 0, max: 5_000 }),
    );
    fc.assert(
      fc.property(counts, fc.integer({ min: 1, max: 8 }), fc.nat({ max: 1e6 }), (count, parts, seed) => {
        const random = seededRandom(seed);
        const xs = ids(seed, count);
        const again = xs.filter(() => random() < 0.3);
        const merged = mergedAnyhow(uniques, [...xs, ...again], parts, random);
        expect(seen(merged)).toEqual(seen(taking(uniques, xs)));
      }),
    );
  });

  it("[M2] takes two values for one that agree in 24 bits of hash, and then the greater rank, in any order", () => {
    const pair = ["v78926", "v96361"];
    const more = ids(13, 2_000);
    expect(taking(uniques, pair).result()).toBe(1);
    expect(seen(taking(uniques, pair))).toEqual(seen(taking(uniques, pair.toReversed())));
    const wanted = seen(taking(uniques, [...more, ...pair]));
    expect(seen(taking(uniques, [...pair, ...more]))).toEqual(wanted);
    expect(seen(taking(uniques, [...pair.toReversed(), ...more]))).toEqual(wanted);
  });

  it("[M2] goes on after its state has been through JSON", () => {
    for (const count of [0, 1, 7, 1_000, MAX_ENTRIES, MAX_ENTRIES + 1, 10_000]) {
      const original = taking(uniques, ids(6, count));
      const json = JSON.stringify(original.encode());
      const restored = uniques.decode(JSON.parse(json) as Encoded);
      expect(seen(restored)).toEqual(seen(original));
      for (const x of ids(7, 2_000)) {
        original.add(x);
        restored.add(x);
      }
      expect(seen(restored)).toEqual(seen(original));
    }
  });

  it("[M2] leaves what it merges as it was", () => {
    for (const count of [100, 5_000]) {
      const other = taking(uniques, ids(8, count));
      const before = seen(other);
      const sum = taking(uniques, ids(9, 100));
      sum.merge(other);
      for (const x of ids(10, 100)) sum.add(x);
      expect(seen(other)).toEqual(before);
    }
  });

  it("[M2] keeps the greatest rank of each register, by the letter", () => {
    const manyZeros = ids(14, 1_000_000).filter((x) => hash64(String(x))[0] << 14 === 0);
    expect(manyZeros.length).toBeGreaterThan(0);
    const xs = [...ids(14, 5_000), ...manyZeros];
    const ranks = Array.from({ length: REGISTERS }, () => 0);
    for (const x of xs) {
      const hash = hash64(String(x))
        .map((lane) => lane.toString(2).padStart(32, "0"))
        .join("");
      const register = Number.parseInt(hash.slice(0, 14), 2);
      ranks[register] = Math.max(ranks[register] ?? 0, hash.slice(14).indexOf("1") + 1);
    }
    const text = taking(uniques, xs).encode() as string;
    expect(Array.from(text, (character) => character.charCodeAt(0) - 35)).toEqual(ranks);
  });

  it("[M2] is written in printable characters that JSON does not escape", () => {
    for (const count of [1_000, MAX_ENTRIES, MAX_ENTRIES + 1, 200_000]) {
      const text = taking(uniques, ids(11, count)).encode() as string;
      expect(text).toMatch(/^[ -~]*$/);
      expect(JSON.stringify(text)).toBe(`"${text}"`);
      expect(text).toHaveLength(count <= MAX_ENTRIES ? 5 * count : REGISTERS);
    }
  });

  it("[M2] takes numbers as their text", () => {
    expect(taking(uniques, [5, "5", 5.5, "5.5", -0, 0, "0"]).result()).toBe(3);
  });
});
