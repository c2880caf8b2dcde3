import { expect, it } from "vitest";
import { previewRange } from "./preview-range.ts";

it("[U11] a preview is long enough for some windows to have ended, and no longer", () => {
  const minute = 60_000;
  expect([100, 1_000, minute, 2 * minute, 5 * minute, 60 * minute, 1_440 * minute].map(previewRange)).toEqual(
    ["5m", "5m", "5m", "15m", "1h", "6h", "6h"],
  );
});
