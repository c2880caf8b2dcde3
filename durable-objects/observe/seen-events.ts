import type { Event, PropValue } from "../../protocol/event.ts";
import type { SeenEvent, SeenField, ValueType } from "../../protocol/observe.ts";

/** Different values of a field that are listed, and their length. */
const MOST_EXAMPLES = 8;
const EXAMPLE_LENGTH = 48;
/** Names in one answer, and fields of all of them: what hostile events could otherwise blow up. */
const MOST_NAMES = 200;
const MOST_FIELDS = 2_000;

/** What some events look like: names, fields, types and examples, in bounded memory. */
export class SeenEvents {
  readonly #byName = new Map<string, { seen: SeenEvent; fields: Map<string, SeenField> }>();
  #fields = 0;
  #namesLeftOut = new Set<string>();

  /** Adds an event that arrived at `receivedMs`. */
  add(event: Event, receivedMs: number): void {
    const entry = this.#entry(event.name);
    if (entry === undefined) return;
    const { seen } = entry;
    seen.count++;
    seen.lastReceivedMs = Math.max(seen.lastReceivedMs, receivedMs);
    seen.mostBehindMs = Math.max(seen.mostBehindMs, receivedMs - event.ts);
    for (const name of ["value", "user", "id"] as const) this.#note(entry.fields, name, false, event[name]);
    for (const name in event.props) this.#note(entry.fields, name, true, event.props[name]);
  }

  /** Adds what others have seen. */
  merge(others: readonly SeenEvent[]): void {
    for (const other of others) {
      const entry = this.#entry(other.name);
      if (entry === undefined) continue;
      const { seen } = entry;
      seen.count += other.count;
      seen.lastReceivedMs = Math.max(seen.lastReceivedMs, other.lastReceivedMs);
      seen.mostBehindMs = Math.max(seen.mostBehindMs, other.mostBehindMs);
      for (const theirs of other.fields) {
        const field = this.#field(entry.fields, theirs.name, theirs.isProp);
        if (field === undefined) continue;
        for (const [type, count] of Object.entries(theirs.types)) {
          field.types[type as ValueType] = (field.types[type as ValueType] ?? 0) + count;
        }
        for (const value of theirs.examples ?? []) addExample(field, value);
        field.more ||= theirs.more;
      }
    }
  }

  /** The most frequent names first, and of each the most frequent fields. */
  finish(): { events: SeenEvent[]; namesLeftOut: number } {
    const events = [...this.#byName.values()].map(({ seen, fields }) => ({
      ...seen,
      fields: [...fields.values()].sort((a, b) => carriers(b) - carriers(a)),
    }));
    return { events: events.sort((a, b) => b.count - a.count), namesLeftOut: this.#namesLeftOut.size };
  }

  #entry(name: string): { seen: SeenEvent; fields: Map<string, SeenField> } | undefined {
    let entry = this.#byName.get(name);
    if (entry !== undefined) return entry;
    if (this.#byName.size >= MOST_NAMES) {
      if (this.#namesLeftOut.size < 10 * MOST_NAMES) this.#namesLeftOut.add(name);
      return undefined;
    }
    entry = { seen: { name, count: 0, lastReceivedMs: 0, mostBehindMs: 0, fields: [] }, fields: new Map() };
    this.#byName.set(name, entry);
    return entry;
  }

  #note(fields: Map<string, SeenField>, name: string, isProp: boolean, value: PropValue | undefined): void {
    if (value === undefined) return;
    const field = this.#field(fields, name, isProp);
    if (field === undefined) return;
    const type = value === null ? "null" : (typeof value as ValueType);
    field.types[type] = (field.types[type] ?? 0) + 1;
    if (value !== null) addExample(field, value);
  }

  #field(fields: Map<string, SeenField>, name: string, isProp: boolean): SeenField | undefined {
    const key = `${isProp ? "prop" : "own"} ${name}`;
    let field = fields.get(key);
    if (field !== undefined) return field;
    if (this.#fields >= MOST_FIELDS) return undefined;
    this.#fields++;
    field = { name, isProp, types: {}, examples: [], more: false };
    fields.set(key, field);
    return field;
  }
}

function addExample(field: SeenField, value: PropValue): void {
  const short =
    typeof value === "string" && value.length > EXAMPLE_LENGTH
      ? `${value.slice(0, EXAMPLE_LENGTH - 1).toWellFormed()}…`
      : value;
  const examples = (field.examples ??= []);
  if (examples.includes(short)) return;
  if (examples.length < MOST_EXAMPLES) examples.push(short);
  else field.more = true;
}

function carriers({ types }: SeenField): number {
  return Object.values(types).reduce((sum, count) => sum + count, 0);
}
