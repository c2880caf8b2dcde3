import { formatTick, quantity, type Unit } from "../format.ts";
import { placeOf, rowBounds, type ValueRows } from "./value-rows.ts";

/** A mark of an axis whose rows are intervals: where it stands, in rows from below, and what it says. */
export interface RowTick {
  at: number;
  text: string;
}

/** So many round values make an axis readable; where the roundest are fewer, others are better. */
const ENOUGH = 4;
const SECOND_MS = 1_000;
const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;
/** First digits of round values; the second are for an axis that is shorter than a decade. */
const DIGITS = [[1, 2, 5], [1, 1.5, 2, 3, 5, 7], [1]];
/** Round lengths of time from a minute on, ms. */
const LONG_TIMES = [
  ...[1, 2, 5, 10, 20, 30].map((count) => count * MINUTE_MS),
  ...[1, 2, 6, 12].map((count) => count * HOUR_MS),
  ...[1, 2, 5, 10, 20, 50, 100, 200, 500].map((count) => count * DAY_MS),
];
const LONG_TIMES_APART = [1, 10].flatMap((count) => [MINUTE_MS, HOUR_MS, DAY_MS].map((ms) => ms * count));

/** Marks at round values of the unit, as many as there is room for. */
export function rowTicks(axis: ValueRows, unit: Unit, leastApart: number): RowTick[] {
  const row = axis.rows.indexOf(0);
  const zeros = row < 0 ? [] : [{ at: row + 0.5, text: valueText(0, unit) }];
  const isClear = ({ at }: RowTick): boolean => zeros.every((zero) => Math.abs(at - zero.at) >= leastApart);
  const candidates = roundValues(axis, unit)
    .map((values) => [...zeros, ...ticksAt(values, axis, unit).filter(isClear)])
    .map((ticks) => ticks.sort((a, b) => a.at - b.at))
    .filter((ticks) => ticks.every(({ at }, i) => i === 0 || at - (ticks[i - 1]?.at ?? 0) >= leastApart));
  return candidates.find(({ length }) => length >= ENOUGH) ?? longest(candidates);
}

function longest(candidates: readonly RowTick[][]): RowTick[] {
  return candidates.reduce((best, ticks) => (ticks.length > best.length ? ticks : best), []);
}

/** `500–560 ms`, `900 ms–1 s`; at the ends `> 1e15` and `≤ 1e-9`. */
export function intervalText(row: number, step: number, unit: Unit): string {
  if (row === 0) return valueText(0, unit);
  const { lower, upper } = rowBounds(row, step);
  if (upper === Infinity) return `> ${valueText(lower, unit)}`;
  if (lower === -Infinity || lower === 0) return `≤ ${valueText(upper, unit)}`;
  const [from, to] = [quantity(lower, unit), quantity(upper, unit)];
  const shared = from.prefix === undefined && from.unit === to.unit ? from.unit.length : 0;
  const left = valueText(lower, unit);
  return `${left.slice(0, left.length - shared).trimEnd()}${lower < 0 ? " to " : "–"}${valueText(upper, unit)}`;
}

/** The greatest value of a row: `560 ms`. */
export function upperText(row: number, step: number, unit: Unit): string {
  const { lower, upper } = rowBounds(row, step);
  return upper === Infinity ? `more than ${valueText(lower, unit)}` : valueText(upper, unit);
}

/** A bound has three digits, however small it is. */
function valueText(value: number, unit: Unit): string {
  if (unit === "percent") return `${Number(value.toPrecision(3))}%`;
  const text = formatTick(value, unit);
  return value === 0 || /[1-9]/.test(text) ? text : String(value);
}

function ticksAt(values: readonly number[], axis: ValueRows, unit: Unit): RowTick[] {
  return values.flatMap((value) => {
    const at = placeOf(value, axis);
    return at === undefined ? [] : { at, text: valueText(value, unit) };
  });
}

/** Round values on the axis, those that are best first, and all bounds of rows. */
function roundValues({ rows, step }: ValueRows, unit: Unit): number[][] {
  const bounds = rows.flatMap((row) => Object.values(rowBounds(row, step))).filter((x) => Number.isFinite(x));
  const magnitudes = bounds.map(Math.abs).filter((x) => x > 0);
  const [least, most] = [Math.min(...magnitudes), Math.max(...magnitudes)];
  const isNegative = bounds.some((bound) => bound < 0);
  return [...levels(unit, least, most), magnitudes].map((level) => {
    const inside = [...new Set(level)].filter((x) => x >= least && x <= most);
    return (isNegative ? [...inside, ...inside.map((x) => -x)] : inside).sort((a, b) => a - b);
  });
}

function levels(unit: Unit, least: number, most: number): number[][] {
  if (unit === "ms") return timeLevels(1, least, most);
  if (unit === "s") return timeLevels(SECOND_MS, least, most);
  if (unit === "bytes") return [1, 2, 5, 10].map((by) => powers(2, by, least, most));
  return [
    ...DIGITS.map((digits) => decades(digits, least, most)),
    ...[2, 3, 6].map((by) => powers(10, by, least, most)),
  ];
}

/** Below a minute decimal, from there on as clocks count. */
function timeLevels(unitMs: number, least: number, most: number): number[][] {
  const [from, to] = [least * unitMs, most * unitMs];
  const short = (values: number[]): number[] => values.filter((ms) => ms < MINUTE_MS);
  return [
    ...DIGITS.map((digits) => [
      ...short(decades(digits, from, to)),
      ...(digits.length > 1 ? LONG_TIMES : LONG_TIMES_APART),
    ]),
    [...short(powers(10, 3, from, to)), MINUTE_MS, HOUR_MS, DAY_MS, 100 * DAY_MS],
  ].map((level) => level.map((ms) => ms / unitMs));
}

function decades(digits: readonly number[], least: number, most: number): number[] {
  const exponents = range(Math.floor(Math.log10(least)), Math.ceil(Math.log10(most)));
  return exponents.flatMap((exponent) => digits.map((digit) => Number(`${digit}e${exponent}`)));
}

function powers(base: 2 | 10, by: number, least: number, most: number): number[] {
  const log = base === 2 ? Math.log2 : Math.log10;
  return range(Math.floor(log(least) / by), Math.ceil(log(most) / by)).map((n) =>
    base === 2 ? 2 ** (n * by) : Number(`1e${n * by}`),
  );
}

function range(first: number, last: number): number[] {
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, i) => first + i);
}
