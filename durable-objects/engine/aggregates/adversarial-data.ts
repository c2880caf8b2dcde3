import type { Accumulator, Aggregate, Input } from "./aggregate.ts";

/** Uniform numbers in [0, 1), the same for the same seed: mulberry32. */
export type Random = () => number;

export function seededRandom(seed: number): Random {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

function normal(random: Random): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

type Draw = (random: Random, index: number) => number;

/** What a percentile must get right: the `index`-th value of each. */
export const DISTRIBUTIONS = {
  constant: () => 42,
  zero: () => 0,
  uniform: (random) => random() * 1_000,
  negative: (random) => -1 - random() * 99,
  "mixed signs and zeros": (random) => (random() < 0.1 ? 0 : normal(random) * 50),
  lognormal: (random) => Math.exp(3 + 1.2 * normal(random)),
  "heavy tail": (random) => (1 - random()) ** -2,
  bimodal: (random) => (random() < 0.7 ? 5 : 5_000) * (1 + 0.1 * normal(random)),
  "huge range": (random) => 10 ** (600 * random() - 300),
  "huge range of both signs": (random) => (random() < 0.5 ? -1 : 1) * 10 ** (600 * random() - 300),
  sorted: (_random, index) => 1 + index,
  reverse: (_random, index) => 1e6 - index,
  "ever greater": (_random, index) => 1.01 ** (index % 70_000),
  "ever nearer to zero": (_random, index) => -(0.99 ** (index % 70_000)),
} satisfies Record<string, Draw>;

export type Distribution = keyof typeof DISTRIBUTIONS;
export const DISTRIBUTION_NAMES = Object.keys(DISTRIBUTIONS) as Distribution[];

export function drawn(distribution: Distribution, count: number, seed: number): number[] {
  const random = seededRandom(seed);
  return Array.from({ length: count }, (_, index) => DISTRIBUTIONS[distribution](random, index));
}

/** Whole numbers below `range`, the n-th of a frequency of 1 / n^skew. */
export function zipf(range: number, skew: number): Draw {
  const sums = new Float64Array(range);
  let total = 0;
  for (let i = 0; i < range; i++) sums[i] = total += (i + 1) ** -skew;
  return (random) => {
    const point = random() * total;
    let [low, high] = [0, range - 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((sums[middle] ?? 0) <= point) low = middle + 1;
      else high = middle;
    }
    return low;
  };
}

export function shuffled<T>(items: readonly T[], random: Random): T[] {
  const keyed = items.map((item) => ({ item, key: random() }));
  return keyed.sort((a, b) => a.key - b.key).map(({ item }) => item);
}

export function taking<A extends Accumulator>(aggregate: Aggregate<A>, xs: Iterable<Input>): A {
  const accumulator = aggregate.create();
  for (const x of xs) accumulator.add(x, 0);
  return accumulator;
}

/** One accumulator of all `xs`, by way of `parts`: each takes some of them in any order, then any two merge at a time. */
export function mergedAnyhow<A extends Accumulator>(
  aggregate: Aggregate<A>,
  xs: readonly Input[],
  parts: number,
  random: Random,
): A {
  const split = Array.from({ length: parts }, (): Input[] => []);
  for (const x of shuffled(xs, random)) split[Math.floor(random() * parts)]?.push(x);
  let trees = split.map((part) => taking(aggregate, part));
  while (trees.length > 1) {
    const [one, other, ...rest] = shuffled(trees, random);
    if (one === undefined || other === undefined) break;
    one.merge(other);
    trees = [...rest, one];
  }
  return trees[0] ?? aggregate.create();
}
