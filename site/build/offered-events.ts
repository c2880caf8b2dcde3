import type { SeenEvent } from "../../protocol/observe.ts";

/** Seen events whose names have `wanted` in them, the one that is called so first; and `wanted` and `chosen`, though nobody has seen them. */
export function offeredEvents(seen: readonly SeenEvent[], wanted: string, chosen: string): SeenEvent[] {
  const name = wanted.trim();
  const part = name.toLowerCase();
  const found = seen.filter((event) => event.name.toLowerCase().includes(part));
  const whole = found.filter((event) => event.name === name);
  const named = name === "" || whole.length > 0 ? [] : [{ ...UNSEEN, name }];
  const offered = [...whole, ...found.filter((event) => event.name !== name), ...named];
  // What is chosen stays in sight, after what is looked for.
  if (chosen === "" || offered.some((event) => event.name === chosen)) return offered;
  return [...offered, seen.find((event) => event.name === chosen) ?? { ...UNSEEN, name: chosen }];
}

const UNSEEN: SeenEvent = { name: "", count: 0, lastReceivedMs: 0, mostBehindMs: 0, fields: [] };
