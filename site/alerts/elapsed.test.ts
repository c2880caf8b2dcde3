import { describe, expect, it } from "vitest";
import { elapsedText } from "./elapsed.ts";

describe("elapsedText", () => {
  it.each([
    [20, "1 s"],
    [45_900, "45 s"],
    [60_000, "1 min"],
    [6_009_000, "1 h 40 min"],
    [86_400_000 + 59_000, "1 d"],
    [90_000_000, "1 d 1 h"],
    [3_661_000, "1 h 1 min"],
  ])("[A1] %i ms read as %s", (ms, text) => {
    expect(elapsedText(ms)).toBe(text);
  });
});
