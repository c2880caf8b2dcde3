import { describe, expect, it } from "vitest";
import { nextDashboard, rotationOf } from "./rotation.ts";

const KNOWN = ["ads", "game", "servers"];

describe("[U4] a wall screen that goes round", () => {
  it("[U4] goes round the dashboards that its address names and that there are, in their order", () => {
    expect(rotationOf("?kiosk=1&rotate=servers,ads&every=1m", KNOWN)).toEqual({
      names: ["servers", "ads"],
      everyMs: 60_000,
    });
    expect(rotationOf("?kiosk=1&rotate=*", KNOWN)?.names).toEqual(KNOWN);
    expect(rotationOf("?kiosk=1&rotate=ads, gone ,,game,ads", KNOWN)?.names).toEqual(["ads", "game"]);
    expect(rotationOf("?kiosk=1&rotate=", KNOWN)?.names).toEqual([]);
  });

  it("[U4] stays where it is unless it is a wall's, and is told to", () => {
    expect(rotationOf("?kiosk=1", KNOWN)).toBeUndefined();
    expect(rotationOf("?rotate=ads,game", KNOWN)).toBeUndefined();
    expect(rotationOf("?kiosk=0&rotate=ads,game", KNOWN)).toBeUndefined();
  });

  it("[U4] changes every half minute where nothing, or nothing that can be read, is said, and no faster than can be looked at", () => {
    const everyMs = (every: string) => rotationOf(`?kiosk=1&rotate=*${every}`, KNOWN)?.everyMs;
    expect(["", "&every=", "&every=often", "&every=1ms", "&every=90s", "&every=9000d"].map(everyMs)).toEqual([
      30_000, 30_000, 30_000, 5_000, 90_000, 86_400_000,
    ]);
  });

  it("[U4] goes on from the one that is shown, and begins with the first where that is not one of them", () => {
    expect(nextDashboard(KNOWN, "ads")).toBe("game");
    expect(nextDashboard(KNOWN, "servers")).toBe("ads");
    expect(nextDashboard(["game", "servers"], "ads")).toBe("game");
    expect(nextDashboard(["game", "servers"], "gone")).toBe("game");
    expect(nextDashboard(KNOWN, undefined)).toBe("ads");
    expect(nextDashboard(["ads"], "ads")).toBeUndefined();
    expect(nextDashboard([], "ads")).toBeUndefined();
  });
});
