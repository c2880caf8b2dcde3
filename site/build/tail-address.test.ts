import fc from "fast-check";
import { expect, it } from "vitest";
import { filtersIn, tailHref } from "./tail-address.ts";

it("[U8] what the tail is held to stands in the address", () => {
  expect(tailHref({ event: "", where: "" })).toBe("#/stream/tail");
  const filters = fc.record({ event: fc.string(), where: fc.string({ unit: "grapheme" }) });
  fc.assert(
    fc.property(filters, (wanted) => {
      const [view, ...rest] = tailHref(wanted).slice("#/stream/".length).split("/").map(decodeURIComponent);
      expect(view).toBe("tail");
      expect(filtersIn(rest)).toEqual(wanted);
    }),
  );
});
