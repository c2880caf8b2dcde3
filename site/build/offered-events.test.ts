import { expect, it } from "vitest";
import type { SeenEvent } from "../../protocol/observe.ts";
import { offeredEvents } from "./offered-events.ts";

const seen = ["ad_click", "ad", "Order placed"].map((name): SeenEvent => {
  return { name, count: 3, lastReceivedMs: 1, mostBehindMs: 1, fields: [] };
});
const offered = (wanted: string, chosen = "") =>
  offeredEvents(seen, wanted, chosen).map(({ name, count }) => (count === 0 ? `${name}?` : name));

it("[U11] events are found by part of their names, and one that nobody has seen can be named", () => {
  expect(offered("")).toEqual(["ad_click", "ad", "Order placed"]);
  expect(offered("ORDER")).toEqual(["Order placed", "ORDER?"]);
  expect(offered("ad")).toEqual(["ad", "ad_click"]);
  expect(offered(" nightly ", "")).toEqual(["nightly?"]);
  // What is chosen stays in sight, and is not what is looked for.
  expect(offered("order", "ad")).toEqual(["Order placed", "order?", "ad"]);
  expect(offered("nightly", "ad")).toEqual(["nightly?", "ad"]);
  expect(offered("", "nightly")).toEqual(["ad_click", "ad", "Order placed", "nightly?"]);
});
