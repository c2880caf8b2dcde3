import type { SeenEvent } from "../../protocol/observe.ts";

/** Seen events whose names have `wanted` in them; and `wanted` and `chosen` themselves, though nobody has seen them. */
export function offeredEvents(seen: readonly SeenEvent[], wanted: string, chosen: string): SeenEvent[] {
  const name = wanted.trim();
  const part = name.toLowerCase();
  const found = seen.filter((event) => event.name.toLowerCase().includes(part) || event.name === chosen);
  const unseen = [...new Set([name, chosen])].filter((each) => {
    return each !== "" && !seen.some((event) => event.name === each);
  });
  const named = unseen.map((each) => ({ ...UNSEEN, name: each }));
  // What was typed whole is meant before what has it in its name.
  return [
    ...found.filter((event) => event.name === name),
    ...found.filter((event) => event.name !== name),
    ...named,
  ];
}

const UNSEEN: SeenEvent = { name: "", count: 0, lastReceivedMs: 0, mostBehindMs: 0, fields: [] };
