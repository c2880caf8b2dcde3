import type { SeenEvent } from "../../protocol/observe.ts";

const PLAIN_NAME = /^[a-zA-Z_$][a-zA-Z0-9_$.-]*$/;
/** Names of an event's own fields and words of the grammar: a prop that is called so is written otherwise. */
const TAKEN =
  /^(?:name|user|value|id|ts|not|and|or|in|contains|startswith|endswith|true|false|null|props\..*)$/i;
const USUAL = "country in ['DE', 'US'] and value > 10";
/** An example's text that can be written as it is, and read. */
const PLAIN_TEXT = /^[^'\\\p{Cc}\p{Bidi_Control}…]{1,24}$/u;

/** A condition on what this event has, as it would be written. */
export function whereExample(event: SeenEvent | undefined): string {
  for (const { name, isProp, examples = [] } of event?.fields ?? []) {
    const text = examples.find((value) => typeof value === "string" && PLAIN_TEXT.test(value));
    if (isProp && text !== undefined) return `${propName(name)} = '${text}'`;
  }
  return USUAL;
}

/** How a condition names a prop. */
export function propName(name: string): string {
  if (PLAIN_NAME.test(name) && !TAKEN.test(name)) return name;
  return `\`${name.replaceAll(/[`\\]/g, "\\$&")}\``;
}
