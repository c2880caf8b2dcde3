import { describe, expect, it } from "vitest";
import { edgeScroll, placeAt } from "./grid-drag.ts";

describe("[U11] where a panel is let go", () => {
  const places = [
    { index: 0, left: 0, top: 0, right: 100, bottom: 100 },
    { index: 1, left: 110, top: 0, right: 210, bottom: 100 },
    { index: 2, left: 0, top: 110, right: 210, bottom: 210 },
  ];

  it.each([
    [50, 50, 0],
    [150, 50, 1],
    [150, 150, 2],
    [107, 50, 1],
    [500, 20, 1],
    [50, 900, 2],
    [-50, -50, 0],
  ])("[U11] at %i, %i it is over, or nearest to, panel %i", (x, y, index) => {
    expect(placeAt(places, x, y)).toBe(index);
  });

  it("[U11] in an empty grid it goes nowhere", () => {
    expect(placeAt([], 1, 1)).toBeUndefined();
  });
});

it("[U11] the page moves under a panel that is held near its edge, the faster the nearer", () => {
  const speeds = [-20, 0, 40, 80, 400, 720, 760, 800, 900].map((y) => edgeScroll(y, 800));
  expect(speeds.map((speed) => speed + 0)).toEqual([-14, -14, -7, 0, 0, 0, 7, 14, 14]);
});
