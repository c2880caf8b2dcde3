import { describe, expect, it } from "vitest";
import { keepKey, takeKey, type KeyPlaces } from "./read-key.ts";

class FakePlaces implements KeyPlaces {
  readonly kept = new Map<string, string>();
  readonly shown: string[] = [];
  readonly location: { href: string };
  readonly navigate = (href: string): void => void this.shown.push(href);
  readonly storage = () => ({
    getItem: (name: string) => this.kept.get(name) ?? null,
    setItem: (name: string, value: string) => void this.kept.set(name, value),
    removeItem: (name: string) => void this.kept.delete(name),
  });

  constructor(href: string) {
    this.location = { href };
  }
}

describe("takeKey", () => {
  it("[I7] takes the key out of the address and leaves the rest of it", () => {
    const places = new FakePlaces("https://x.test/d/ads?key=s%20cret&embed=1#top");
    expect(takeKey(places)).toBe("s cret");
    expect(places.shown).toEqual(["/d/ads?embed=1#top"]);
  });

  it("[I7] remembers it for the tab, until it is forgotten", () => {
    const places = new FakePlaces("https://x.test/?key=a");
    takeKey(places);
    places.location.href = "https://x.test/d/ads";
    expect(takeKey(places)).toBe("a");
    keepKey(places, undefined);
    expect(takeKey(places)).toBeUndefined();
  });

  it("[I7] works where storage is forbidden", () => {
    const storage = (): Storage => {
      throw new DOMException("denied", "SecurityError");
    };
    const places: KeyPlaces = Object.assign(new FakePlaces("https://x.test/?key=a"), { storage });
    expect(takeKey(places)).toBe("a");
  });
});
