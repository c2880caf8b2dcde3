import type { PanelUnit } from "../protocol/dashboard.ts";

/** A number as people read it: digits, and the unit that they count. */
export interface Quantity {
  /** What stands before the digits: a currency, and a minus before that. */
  prefix?: string;
  digits: string;
  unit: string;
}

/** How a panel's values read. `fraction`: percent of a value of which 1 is the whole. */
export type Unit = PanelUnit | "fraction";

/** Steps of a unit: each holds up to `factor` of itself before the next one takes over. */
interface Ladder {
  factor: number;
  steps: readonly string[];
}

/** What a value that is not there looks like. */
export const NO_VALUE = "–";

const SHORT: Ladder = { factor: 1000, steps: ["", "k", "M", "G", "T"] };
const PER_SECOND: Ladder = { factor: 1000, steps: ["/s", "k/s", "M/s", "G/s", "T/s"] };
/** Memory and disks are counted in powers of two, networks in powers of ten: each as its tools do. */
const BYTES: Ladder = { factor: 1024, steps: ["B", "KiB", "MiB", "GiB", "TiB", "PiB"] };
const BITS_PER_SECOND: Ladder = { factor: 1000, steps: ["bit/s", "kbit/s", "Mbit/s", "Gbit/s", "Tbit/s"] };
const BYTES_PER_SECOND: Ladder = { factor: 1000, steps: ["B/s", "kB/s", "MB/s", "GB/s", "TB/s"] };

/**
 * Formats to three significant digits, so that a moving number keeps its width. What is beyond the largest unit, or too
 * small for a few decimals, has an exponent; nothing reads as zero that is not.
 */
export function quantity(value: number | null | undefined, unit: Unit): Quantity {
  if (value === null || value === undefined || Number.isNaN(value)) return { digits: NO_VALUE, unit: "" };
  if (!Number.isFinite(value)) return { digits: value < 0 ? "−∞" : "∞", unit: "" };
  switch (unit) {
    case "short":
      return climb(value, SHORT);
    case "per_second":
      return climb(value, PER_SECOND);
    case "bytes":
      return climb(value, BYTES);
    case "bytes/s":
      return climb(value, BYTES_PER_SECOND);
    case "bits/s":
      return climb(value, BITS_PER_SECOND);
    case "usd":
      return money(value, "$");
    case "eur":
      return money(value, "€");
    case "percent":
      return { digits: percentDigits(value), unit: "%" };
    case "fraction":
      return quantity(value * 100, "percent");
    case "ms":
      return duration(value);
    case "s":
      return quantity(value * 1000, "ms");
  }
}

/** The same as one text: `1.24k`, `42.1%`, `3.5 MB/s`. */
export function formatValue(value: number | null | undefined, unit: Unit): string {
  return joined(quantity(value, unit));
}

/** A tick of an axis: no digit more than the value needs. */
export function formatTick(value: number, unit: Unit): string {
  const { prefix = "", digits, unit: suffix } = quantity(value, unit);
  const bare = /^[^e]*\.[^e]*$/.test(digits) ? digits.replace(/\.?0+$/, "") : digits;
  return value === 0 && suffix !== "%" ? "0" : joined({ prefix, digits: bare, unit: suffix });
}

/** The factor in which an axis's round numbers are counted. */
export function roundBase(unit: Unit): 10 | 1024 {
  return unit === "bytes" ? 1024 : 10;
}

/** How long ago, in the coarsest unit that says enough: `0.4 s`, `12 s`, `3 min`, `2 h`, `5 d`. */
export function formatAge(ms: number): string {
  const seconds = Math.max(0, ms) / 1000;
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  if (seconds < 99.5) return `${Math.round(seconds)} s`;
  if (seconds < 5_970) return `${Math.round(seconds / 60)} min`;
  if (seconds < 171_000) return `${Math.round(seconds / 3600)} h`;
  return `${Math.round(seconds / 86_400)} d`;
}

/** A duration of the definitions' kind, for people: `15m` is `15 min`. */
export function formatSpan(ms: number): string {
  const units: [number, string][] = [
    [86_400_000, "d"],
    [3_600_000, "h"],
    [60_000, "min"],
    [1_000, "s"],
  ];
  const exact = units.find(([unitMs]) => ms >= unitMs && Number.isInteger((ms / unitMs) * 10));
  const [unitMs, unit] = exact ?? [1, "ms"];
  const largest = units.find(([each]) => ms >= each);
  if (largest === undefined || exact === largest || ms < 1_000 * unitMs) return `${ms / unitMs} ${unit}`;
  return `≈ ${Math.round((ms / largest[0]) * 10) / 10} ${largest[1]}`;
}

function climb(value: number, { factor, steps }: Ladder): Quantity {
  let scaled = value;
  let step = 0;
  // 999.6 reads as 1000 in three digits: it belongs to the next step already.
  while (Math.abs(scaled) >= factor - 0.5 && step < steps.length - 1) {
    scaled /= factor;
    step++;
  }
  if (Math.abs(scaled) >= factor - 0.5) return { digits: withExponent(value), unit: steps[0] ?? "" };
  const whole = step === 0 && Number.isInteger(scaled);
  return { digits: whole ? String(scaled) : threeDigits(scaled), unit: steps[step] ?? "" };
}

function money(value: number, sign: string): Quantity {
  const { digits, unit } = climb(Math.abs(value), SHORT);
  return { prefix: value < 0 ? `−${sign}` : sign, digits, unit };
}

function duration(ms: number): Quantity {
  const size = Math.abs(ms);
  if (size < 999.5) return { digits: size === 0 ? "0" : threeDigits(ms), unit: "ms" };
  if (size < 59_950) return { digits: threeDigits(ms / 1000), unit: "s" };
  if (size < 3_570_000) return { digits: threeDigits(ms / 60_000), unit: "min" };
  if (size < 86_000_000) return { digits: threeDigits(ms / 3_600_000), unit: "h" };
  return { digits: threeDigits(ms / 86_400_000), unit: "d" };
}

function percentDigits(value: number): string {
  const size = Math.abs(value);
  return (size >= 0.1 && size < 99.95) || size === 0 ? value.toFixed(1) : threeDigits(value);
}

function threeDigits(value: number): string {
  const size = Math.abs(value);
  if (size >= 1e6) return withExponent(value);
  if (size >= 99.95) return value.toFixed(0);
  if (size >= 9.995) return value.toFixed(1);
  if (size >= 0.01 || size === 0) return value.toFixed(2);
  return size >= 1e-6 ? String(Number(value.toPrecision(2))) : withExponent(value);
}

/** `1e300`, `1.24e-9`. */
function withExponent(value: number): string {
  return value.toExponential(2).replace(/\.?0*e\+?/, "e");
}

function joined({ prefix = "", digits, unit }: Quantity): string {
  if (unit === "" || digits === NO_VALUE) return prefix + digits;
  const tight = unit === "%" || /^[kMGT]?(\/s)?$/.test(unit);
  return prefix + (tight ? digits + unit : `${digits} ${unit}`);
}
