import type { Event } from "../../protocol/event.ts";

/** An event and where it stands in its partition's log: `batch` is its record's offset, `line` its index in it. */
export interface ArchivedEvent extends Event {
  batch: number;
  line: number;
}

/** 9999-12-31: no normalized event is later. */
const LATEST_MS = 253_402_300_799_999;

/** Time, value, and names of fields: what a row takes beside its texts. */
const ROW_BYTES = 48;

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
  /** What all this takes as text, about. */
  textBytes = 0;

  get length(): number {
    return this.ts.length;
  }

  add(event: Event, batch: number, line: number): void {
    const { name, ts, user = null, value = null, props, id = null } = event;
    this.addRow({
      name,
      ts,
      user,
      value,
      props: props === undefined ? null : JSON.stringify(props),
      id,
      batch,
      line,
    });
  }

  /** Takes a row whose props are text already. */
  addRow({ name, ts, user, value, props, id, batch, line }: EventRow): void {
    const texts = (user?.length ?? 0) + (props?.length ?? 0) + (id?.length ?? 0);
    this.textBytes += ROW_BYTES + name.length + texts;
    this.name.push(name);
    this.ts.push(ts);
    this.user.push(user);
    this.value.push(value);
    this.props.push(props);
    this.id.push(id);
    this.batch.push(batch);
    this.line.push(line);
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
  user: string | null;
  value: number | null;
  props: string | null;
  id: string | null;
  batch: number;
  line: number;
}

/** Whether a line of the log holds an event. Whatever else may write to the log, a file holds events only. */
export function isEvent(raw: unknown): raw is Event {
  if (typeof raw !== "object" || raw === null) return false;
  const { name, ts, id, user, value, props } = raw as Record<string, unknown>;
  if (typeof name !== "string" || typeof ts !== "number") return false;
  if (!Number.isInteger(ts) || ts < 0 || ts > LATEST_MS) return false;
  if (id !== undefined && typeof id !== "string") return false;
  if (user !== undefined && typeof user !== "string") return false;
  if (value !== undefined && typeof value !== "number") return false;
  return props === undefined || (typeof props === "object" && props !== null);
}

function difference(column: readonly number[], a: number, b: number): number {
  return (column[a] ?? 0) - (column[b] ?? 0);
}
