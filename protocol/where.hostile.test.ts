import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { HOSTILE_JSON, isPolluted } from "../test/helpers/hostile-json.ts";
import { LIMITS } from "./limits.ts";
import { parseWhere } from "./where.ts";

/** Every sort of token, whole and broken. */
const PIECES = [
  ...String.raw`( ) [ ] , = < > ! & | + - . \ ' " @ # / * ; { } == != <= >= && ||`.split(" "),
  ..."and OR not in contains startsWith endsWith true False null".split(" "),
  ..."name user props. props.x constructor __proto__ toString 😀".split(" "),
  ...String.raw`0 -1 1e5 1e400 07 0x1 'a' "b" '\ '\u12' \u0041`.split(" "),
  "`",
  "`c d`",
  " ",
  "\0",
  "\u2028",
  "\uFEFF",
  "\ud800",
  "\udc00",
];

/** Either a condition or a refusal that is fit to be shown and points into `text`. */
function expectVerdict(text: string): void {
  const result = parseWhere(text);
  if (result.ok) return;
  expect(result.reason).toBe("where");
  expect(result.message.length).toBeLessThan(300);
  expect(result.message.isWellFormed()).toBe(true);
  const column = /^where, column (\d+): /.exec(result.message)?.[1];
  if (column === undefined) expect(result.message).toMatch(/^where has \d+ bytes; the bound is 4096$/);
  else expect(Number(column) >= 1 && Number(column) <= text.length + 1, result.message).toBe(true);
}

describe("[M1] hostile wheres", () => {
  it.each(HOSTILE_JSON)("[M1] %s, as text", (_, text) => {
    expectVerdict(text);
    expect(isPolluted()).toBe(false);
  });

  it("[M1] any text is a condition or refused", () => {
    fc.assert(fc.property(fc.string({ unit: "binary" }), expectVerdict));
    const anyUnits = fc.string({ unit: fc.nat({ max: 0xffff }).map((unit) => String.fromCharCode(unit)) });
    fc.assert(fc.property(anyUnits, expectVerdict));
  });

  it("[M1] any sequence of tokens is a condition or refused", () => {
    const tokens = fc.array(fc.constantFrom(...PIECES), { maxLength: 30 });
    fc.assert(
      fc.property(tokens, fc.constantFrom("", " "), (pieces, space) => expectVerdict(pieces.join(space))),
      { numRuns: 2_000 },
    );
  });

  it("[M1] every beginning of a condition, and every condition with one character less", () => {
    const text =
      "!(`a b` = 'x\\u0041' and c NOT IN [1,-2.5e3,null]) || user startsWith \"😀\" && props.ts >= ts";
    expect(parseWhere(text).ok).toBe(true);
    for (let i = 0; i < text.length; i += 1) {
      expectVerdict(text.slice(0, i));
      expectVerdict(text.slice(0, i) + text.slice(i + 1));
    }
  });

  it.each(PIECES)("[M1] %j as often as fits, and far more often", (piece) => {
    for (const unit of [piece, `${piece} `, `a${piece}`, `(${piece}`, `not ${piece} and `]) {
      expectVerdict(unit.repeat(LIMITS.whereBytes / unit.length));
      expectVerdict(unit.repeat(10_000));
    }
  });

  it("[M1] a chain as long as fits is one level deep", () => {
    const chain = `${"a or ".repeat(818)}a`;
    expect(parseWhere(chain)).toMatchObject({ ok: true, value: { type: "or" } });
  });

  it("[M1] no text keeps the parser busy", () => {
    const startMs = performance.now();
    for (const unit of ["\\'", "'\\", "`'\"", "\u00A0", "1e+", "a.", "\\\\'", "=!"]) {
      expectVerdict(unit.repeat(LIMITS.whereBytes / 2));
      expectVerdict(`a = ${unit.repeat(1_000)}`);
    }
    expect(performance.now() - startMs).toBeLessThan(1_000);
  });
});
