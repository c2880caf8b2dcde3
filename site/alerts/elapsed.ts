const UNITS = [
  [86_400_000, "d"],
  [3_600_000, "h"],
  [60_000, "min"],
  [1_000, "s"],
] as const;

/** How long something took, in the two units that say most: `1 h 40 min`. At least a second. */
export function elapsedText(ms: number): string {
  const whole = Math.max(1_000, ms);
  const first = UNITS.findIndex(([unitMs]) => whole >= unitMs);
  let left = whole;
  const parts = UNITS.slice(first, first + 2).map(([unitMs, unit]) => {
    const count = Math.floor(left / unitMs);
    left -= count * unitMs;
    return count > 0 ? `${count} ${unit}` : undefined;
  });
  return parts.filter((part) => part !== undefined).join(" ");
}
