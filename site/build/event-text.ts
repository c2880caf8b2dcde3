import type { PropValue } from "../../protocol/event.ts";

/** A time of today as clocks show it, to the millisecond. */
export function clockTime(ms: number): string {
  const time = new Date(ms);
  const two = (value: number): string => String(value).padStart(2, "0");
  const parts = [time.getHours(), time.getMinutes(), time.getSeconds()].map(two);
  return `${parts.join(":")}.${String(time.getMilliseconds()).padStart(3, "0")}`;
}

/** A value as the language of conditions writes it, so that text and numbers are told apart. */
export function fieldText(value: PropValue): string {
  return typeof value === "string" ? `'${value}'` : String(value);
}
