import type { AggregateSpec } from "../../protocol/aggregate-spec.ts";
import type { Event } from "../../protocol/event.ts";
import type { WindowSpec } from "../../protocol/window-spec.ts";
import type { Sample } from "./expected-outcome.ts";
import { sessionsOf } from "./session-oracle.ts";

/** A metric as the oracle is told of it. `accepts` is its condition as a plain predicate. */
export interface OracleDefinition {
  event: string;
  accepts?: (event: Event) => boolean;
  aggregate: AggregateSpec;
  window: WindowSpec;
  groupBy: readonly string[];
}

/** What each window and group is made of: window end (epoch ms) to {@link groupName} to samples. */
export type ExpectedWindows = Map<number, Map<string, Sample[]>>;

/** What a metric comes to. `skipped`: events without what the aggregate or the session needs. */
export interface Expected {
  windows: ExpectedWindows;
  skipped: number;
}

/**
 * Recomputes a metric from all events, with no notion of panes, order, watermark or restart: an event is in every
 * window `[end - size, end)` that holds its time, where ends are multiples of the step; a session is in the first
 * slice that ends when it does, or later.
 */
export function expectedOf(definition: OracleDefinition, events: Iterable<Event>): Expected {
  const taken = [...events].filter(
    (event) => event.name === definition.event && (definition.accepts?.(event) ?? true),
  );
  return definition.window.type === "session" ? ofSessions(definition, taken) : ofEvents(definition, taken);
}

/** A group by the values of its `groupBy` keys, in their order. */
export function groupName(values: readonly string[]): string {
  return JSON.stringify(values);
}

/** The group that an event belongs to. What is missing or null is "". */
export function groupOfEvent(groupBy: readonly string[], event: Event): string {
  return groupName(groupBy.map((key) => groupValue(event, key)));
}

function groupValue(event: Event, key: string): string {
  if (key === "user") return event.user ?? "";
  if (key === "name") return event.name;
  const own = new Map(Object.entries(event.props ?? {})).get(key);
  return own === undefined || own === null ? "" : String(own);
}

function ofEvents(definition: OracleDefinition, events: readonly Event[]): Expected {
  const expected: Expected = { windows: new Map(), skipped: 0 };
  for (const event of events) {
    const x = inputOf(definition.aggregate, event);
    if (x === undefined) {
      expected.skipped++;
      continue;
    }
    const group = groupOfEvent(definition.groupBy, event);
    for (const end of endsOf(definition.window, event.ts)) put(expected, end, group, { ts: event.ts, x });
  }
  return expected;
}

/** Every multiple of the step in `(ts, ts + size]`. */
function endsOf({ sizeMs, everyMs }: WindowSpec, ts: number): number[] {
  const ends: number[] = [];
  for (let step = Math.floor(ts / everyMs) + 1; step * everyMs <= ts + sizeMs; step++)
    ends.push(step * everyMs);
  return ends;
}

function inputOf({ fn, field = "value" }: AggregateSpec, event: Event): number | string | undefined {
  if (fn === "count" || fn === "rate") return 0;
  const props = new Map(Object.entries(event.props ?? {}));
  const given = field === "value" ? event.value : field === "user" ? event.user : props.get(field);
  if (fn !== "uniques" && fn !== "topk") return typeof given === "number" ? given : undefined;
  return given === undefined || given === null ? undefined : String(given);
}

function ofSessions({ groupBy, window, aggregate }: OracleDefinition, events: readonly Event[]): Expected {
  const gapMs = window.gapMs ?? 0;
  const expected: Expected = { windows: new Map(), skipped: 0 };
  const times = new Map<string, Map<string, number[]>>();
  for (const event of events) {
    if (event.user === undefined) {
      expected.skipped++;
      continue;
    }
    const users = getOrPut(times, groupOfEvent(groupBy, event), () => new Map<string, number[]>());
    getOrPut(users, event.user, () => []).push(event.ts);
  }
  for (const [group, users] of times) {
    for (const session of [...users.values()].flatMap((ofUser) => sessionsOf(ofUser, gapMs))) {
      const last = session.at(-1) ?? 0;
      const end = Math.ceil((last + gapMs) / window.everyMs) * window.everyMs;
      const x = aggregate.field === "events" ? session.length : last - (session[0] ?? 0);
      put(expected, end, group, { ts: last, x });
    }
  }
  return expected;
}

function put({ windows }: Expected, end: number, group: string, sample: Sample): void {
  const groups = getOrPut(windows, end, () => new Map<string, Sample[]>());
  getOrPut(groups, group, () => []).push(sample);
}

function getOrPut<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  let value = map.get(key);
  if (value === undefined) map.set(key, (value = make()));
  return value;
}
