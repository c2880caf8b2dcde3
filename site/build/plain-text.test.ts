import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { plainJson, plainText } from "./plain-text.ts";

describe("[U8] text of others", () => {
  it.each([
    ["\u202Egpj.exe", "\\u202Egpj.exe"],
    ["a\u2066b\u2069", "a\\u2066b\\u2069"],
    ["\u200E\u200F\u061C", "\\u200E\\u200F\\u061C"],
    ["bell\u0007\n\u0085", "bell\\u0007\\u000A\\u0085"],
    ["zero\u200Bwidth\uFEFF\u2028", "zero\\u200Bwidth\\uFEFF\\u2028"],
  ])("[U8] shows what cannot be seen", (text, shown) => {
    expect(plainText(text)).toBe(shown);
  });

  it.each(["München", "עברית", "می\u200Cخواهم", "👩\u200D👧", "日本語", "a b"])(
    "[U8] leaves words be: %s",
    (text) => {
      expect(plainText(text)).toBe(text);
    },
  );

  it("[U9] JSON of whatever event means what it meant, and hides nothing", () => {
    const odd = fc.string({
      unit: fc.integer({ min: 0, max: 0xffff }).map((code) => String.fromCharCode(code)),
    });
    const event = fc.record({ name: odd, props: fc.dictionary(odd, odd, { maxKeys: 3 }) });
    fc.assert(
      fc.property(event, (value) => {
        const text = plainJson(value);
        expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)));
        expect(text.replaceAll("\n", "")).not.toMatch(/[\p{Cc}\p{Bidi_Control}]/u);
      }),
    );
  });
});
