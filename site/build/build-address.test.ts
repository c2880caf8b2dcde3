import { describe, expect, it } from "vitest";
import { buildAddress, buildHref, panelAt } from "./build-address.ts";

describe("the builder's address", () => {
  it.each(["", "ads", "a.b-c"])("[U11] says which dashboard and panel: %s", (place) => {
    for (const panel of [undefined, 0, 12, "new"] as const) {
      const [, route, ...rest] = buildHref(place, panel).split("/");
      expect(route).toBe("build");
      const address = buildAddress(rest);
      expect(address.place).toBe(place);
      expect(panelAt(address.panel, 13)).toBe(panel);
    }
  });

  it.each(["13", "-1", "1.5", "x", "", "1e0"])("[U11] a panel that is not there is none: %s", (panel) => {
    expect(panelAt(panel, 13)).toBeUndefined();
  });
});
