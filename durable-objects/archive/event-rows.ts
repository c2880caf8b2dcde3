import type { Event, PropValue } from "../../protocol/event.ts";

/** An event and where it stands in its partition's log: `batch` is its record's offset, `line` its index in it. */
export interface ArchivedEvent extends Event {
  batch: number;
  line: number;
}

/** 9999-12-31: no normalized event is later. */
const LATEST_MS = 253_402_300_799_999;

/** Events as columns, as the archive keeps them: a third of the memory of as many objects. */
export class EventRows {
  readonly name: string[] = [];
  readonly ts: number[] = [];
  readonly user: (string | null)[] = [];
  readonly value: (number | null)[] = [];
  /** JSON text. */
  readonly props: (string | null)[] = [];
  readonly id: (string | null)[] = [];
  readonly batch: number[] = [];
  readonly line: number[] = [];

  get length(): number {
    return this.ts.length;
  }

  add(event: Event, batch: number, line: number): void {
    this.addRow({
      ...event,
      props: event.props === undefined ? null : JSON.stringify(event.props),
      batch,
      line,
    });
  }

  /** Takes a row whose props are text already. */
  addRow(row: EventRow): void {
    this.name.push(row.name);
    this.ts.push(row.ts);
    this.user.push(row.user ?? null);
    this.value.push(row.value ?? null);
    this.props.push(row.props ?? null);
    this.id.push(row.id ?? null);
    this.batch.push(row.batch);
    this.line.push(row.line);
  }

  /** Row numbers in the order of the file: by name, then time, then place in the log. */
  order(): number[] {
    const { name, ts, batch, line } = this;
    return Array.from({ length: this.length }, (_, row) => row).sort((a, b) => {
      const [nameA = "", nameB = ""] = [name[a], name[b]];
      if (nameA !== nameB) return nameA < nameB ? -1 : 1;
      return difference(ts, a, b) || difference(batch, a, b) || difference(line, a, b);
    });
  }
}

/** One row of {@link EventRows}. */
export interface EventRow {
  name: string;
  ts: number;
  user?: string | null;
  value?: number | null;
  props?: string | null;
  id?: string | null;
  batch: number;
  line: number;
}

/**
 * The event that a line of the log holds. Whatever else may write to the log, a file holds events only.
 *
 * @returns undefined when it is none.
 */
export function toEvent(raw: unknown): Event | undefined {
  if (typeof raw !== "object" || raw === null) return undefined;
  const { name, ts, id, user, value, props } = raw as Record<string, unknown>;
  if (typeof name !== "string" || typeof ts !== "number") return undefined;
  if (!Number.isInteger(ts) || ts < 0 || ts > LATEST_MS) return undefined;
  const event: Event = { name, ts };
  if (typeof id === "string") event.id = id;
  if (typeof user === "string") event.user = user;
  if (typeof value === "number") event.value = value;
  if (typeof props === "object" && props !== null) event.props = props as Record<string, PropValue>;
  return event;
}

function difference(column: readonly number[], a: number, b: number): number {
  return (column[a] ?? 0) - (column[b] ?? 0);
}
