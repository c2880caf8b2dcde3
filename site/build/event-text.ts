import type { PropValue } from "../../protocol/event.ts";

/** A time of today as clocks show it, to the millisecond. */
export function clockTime(ms: number): string {
  const time = new Date(ms);
  const two = (value: number): string => String(value).padStart(2, "0");
  const parts = [time.getHours(), time.getMinutes(), time.getSeconds()].map(two);
  return `${parts.join(":")}.${String(time.getMilliseconds()).padStart(3, "0")}`;
}

/** The same of any day: the date, too, if it was not today. */
export function dayTime(ms: number, nowMs: number): string {
  const [day, today] = [new Date(ms), new Date(nowMs)];
  return day.toDateString() === today.toDateString() ? clockTime(ms) : `${dateText(day)} ${clockTime(ms)}`;
}

function dateText(day: Date): string {
  const two = (value: number): string => String(value).padStart(2, "0");
  return `${day.getFullYear()}-${two(day.getMonth() + 1)}-${two(day.getDate())}`;
}

/** A value as the language of conditions writes it, so that text and numbers are told apart. */
export function fieldText(value: PropValue): string {
  return typeof value === "string" ? `'${value}'` : String(value);
}
