/** A generator of uniform numbers in [0, 1) that repeats itself from the same seed (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** How many independent events happen where `mean` are expected. */
export function poisson(mean: number, random: () => number): number {
  const most = Math.ceil(mean * 4 + 20); // keeps a broken `random` from looping for ever
  const limit = Math.exp(-mean);
  let count = 0;
  for (let product = random(); product > limit && count < most; product *= random()) count++;
  return count;
}

/** A draw from the bell curve around 0 with deviation 1, near enough for a demo. */
export function bell(random: () => number): number {
  return (random() + random() + random() + random() - 2) * Math.sqrt(3);
}

/** One of the names, in proportion to their weights. */
export function weighted(weights: Readonly<Record<string, number>>, random: () => number): string {
  const names = Object.keys(weights);
  let rest = random() * Object.values(weights).reduce((sum, weight) => sum + weight, 0);
  return names.find((name) => (rest -= weights[name] ?? 0) < 0) ?? names[0] ?? "";
}
