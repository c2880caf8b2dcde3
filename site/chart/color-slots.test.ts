import { describe, expect, it } from "vitest";
import { ColorSlots } from "./color-slots.ts";

const host = (name: string) => ({ host: name });

describe("ColorSlots", () => {
  it("[U1] gives a group the same colour in every panel", () => {
    const colors = new ColorSlots(4);
    expect(colors.distinct([host("a"), host("b")])).toEqual([0, 1]);
    expect(colors.distinct([host("b")])).toEqual([1]);
    expect(colors.inList(host("a"))).toBe(0);
  });

  it("[U1] gives no two lines of a chart one colour while there are enough", () => {
    const colors = new ColorSlots(3);
    colors.distinct(["a", "b", "c"].map(host));
    expect(new Set(colors.distinct([host("a"), host("d"), host("b")])).size).toBe(3);
    expect(colors.distinct(["a", "b", "c", "d"].map(host))).toEqual([0, 1, 2, 0]);
  });

  it("[U1] gives late entries of a list the neutral colour", () => {
    const colors = new ColorSlots(3);
    colors.distinct(["a", "b", "c", "d"].map(host));
    expect(colors.inList(host("d"))).toBe(2);
  });

  it("[U1] counts groups of other keys apart", () => {
    const colors = new ColorSlots(4);
    colors.distinct([host("a")]);
    expect(colors.distinct([{ region: "eu" }])).toEqual([0]);
  });
});
