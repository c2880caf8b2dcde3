import { describe, expect, it } from "vitest";
import { isShareLink, isShareToken, shareTokenIn } from "./share-token.ts";

describe("[I9] a share link's token", () => {
  it("[I9] is read from the fragment, and nothing else is taken for one", () => {
    expect(shareTokenIn("#share=eyJhbGciOiJIUzI1NiJ9.eyJhIjoxfQ.a-_b")).toBe(
      "eyJhbGciOiJIUzI1NiJ9.eyJhIjoxfQ.a-_b",
    );
    for (const hash of ["", "#", "#/alerts", "#share=", "#share=demo-read", "#share=eyJ.<script>.x"]) {
      expect(shareTokenIn(hash)).toBeUndefined();
    }
    for (const hash of ["#share=", "#share=demo-read", "#share=eyJhbGciOiJIUzI1NiJ9.eyJhIjoxfQ"]) {
      expect(isShareLink(hash)).toBe(true);
    }
    for (const hash of ["", "#/alerts", "#shared"]) expect(isShareLink(hash)).toBe(false);
    expect(isShareToken("demo-read")).toBe(false);
    expect(isShareToken(undefined)).toBe(false);
  });
});
