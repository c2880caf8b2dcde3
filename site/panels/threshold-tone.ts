import type { Threshold } from "../../protocol/panel-marks.ts";

/** The gravest threshold on whose wrong side `value` is. */
export function toneOf(
  value: number | null | undefined,
  thresholds: readonly Threshold[],
): Threshold | undefined {
  if (value === null || value === undefined) return undefined;
  const crossed = thresholds.filter(({ value: bound, when }) =>
    when === "above" ? value >= bound : value <= bound,
  );
  return crossed.find(({ tone }) => tone === "critical") ?? crossed[0];
}
