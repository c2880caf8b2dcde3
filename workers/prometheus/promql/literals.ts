import { PromqlError } from "./promql-error.ts";

const UNITS_MS: Record<string, number> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
  y: 31_536_000_000,
};
const DURATION = /^(?:(\d+)y)?(?:(\d+)w)?(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?(?:(\d+)ms)?$/;

/** Reads a duration such as `5m` or `1h30m`: milliseconds, or undefined. */
export function parsePromDuration(text: string): number | undefined {
  const match = text === "" ? null : DURATION.exec(text);
  if (match === null) return undefined;
  const units = ["y", "w", "d", "h", "m", "s", "ms"];
  const parts = units.map((unit, i) => Number(match[i + 1] ?? 0) * (UNITS_MS[unit] ?? 0));
  return parts.reduce((sum, ms) => sum + ms, 0);
}

/** Reads a number of PromQL, which may be hexadecimal, `Inf`, `NaN` or a duration, which is its seconds. */
export function parsePromNumber(text: string): number {
  const sign = text.startsWith("-") ? -1 : 1;
  const plain = text.replace(/^[-+]/, "").replaceAll("_", "").toLowerCase();
  if (plain === "inf") return sign * Number.POSITIVE_INFINITY;
  if (plain === "nan") return Number.NaN;
  const number = /^0\d+$/.test(plain) ? Number.parseInt(plain, 8) : Number(plain);
  if (!Number.isNaN(number)) return sign * number;
  const ms = parsePromDuration(plain);
  if (ms !== undefined) return (sign * ms) / 1_000;
  throw new PromqlError("bad_data", `invalid parameter "query": bad number ${text}`);
}

/** What an escape such as `\n` stands for. */
const ESCAPES: Record<string, string> = {
  a: "\x07",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
  "\\": "\\",
  '"': '"',
  "'": "'",
};
const ESCAPE = /\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{3})|(.)|$)/gsu;

/** The text that a string literal in any of the three kinds of quotes stands for. */
export function unquote(literal: string): string {
  const inside = literal.slice(1, -1);
  if (literal.startsWith("`")) return inside;
  if (/[\n\r]/.test(inside)) throw badString(literal);
  return inside.replace(
    ESCAPE,
    (escape, x?: string, u?: string, long?: string, octal?: string, letter?: string) => {
      const hex = x ?? u ?? long;
      const code = hex === undefined ? octal && Number.parseInt(octal, 8) : Number.parseInt(hex, 16);
      if (typeof code === "number") {
        // Beyond ASCII, \x and octal are bytes of UTF-8, which half a character could be.
        const isText =
          u === undefined && long === undefined
            ? code < 0x80
            : code <= 0x10ffff && (code & ~0x7ff) !== 0xd800;
        if (!isText) throw badString(literal);
        return String.fromCodePoint(code);
      }
      const known = letter === undefined ? undefined : ESCAPES[letter];
      if (known === undefined) throw badString(`${literal} with the escape ${escape}`);
      return known;
    },
  );
}

/** A literal that stands for this text, and in every reading of PromQL for no other. */
export function quote(text: string): string {
  const escaped = text.replace(/["\\]|\p{Cc}/gu, (character) => {
    if (character === '"' || character === "\\") return `\\${character}`;
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
  });
  return `"${escaped}"`;
}

function badString(literal: string): PromqlError {
  return new PromqlError("bad_data", `invalid parameter "query": parse error: bad string ${literal}`);
}
