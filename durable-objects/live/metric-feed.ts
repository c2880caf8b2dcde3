import { encodeFrame } from "../../protocol/live-binary.ts";
import type { DeltaMessage, SnapshotMessage } from "../../protocol/live.ts";
import type { Group, Series } from "../../protocol/series.ts";
import { matchesGroups } from "../engine/group-key.ts";
import { DeltaLog, readEntry } from "./delta-log.ts";
import { GroupDictionary } from "./group-dictionary.ts";
import { cursorOf, type FrameDelta, type LiveFrame, type Position } from "./live-frame.ts";
import { mergeSeries } from "./merge-series.ts";

/** The points of a metric as of a position, or later. */
export interface FeedSnapshot {
  position: Position;
  series: Series[];
  watermark: number | null;
}

/** Who a frame is encoded for: those alike share what was encoded. */
export interface Reader {
  id: string;
  isCompact: boolean;
  groups: Group[] | undefined;
  /** Equal for equal {@link groups}. */
  groupsKey: string;
  /** {@link tagOf} what it shows, for its cursors. */
  tag: string;
  /** What it was told, a sequence. */
  sequence: number;
  /** Whether it is asked to acknowledge the frame. */
  asks: boolean;
  /** Of a compact one: how many groups' numbers it was told. */
  known: number;
}

/** A frame to be sent, and what its reader knows then. */
export interface EncodedFrame {
  data: string | Uint8Array;
  /** Frames that it stands for, besides itself. */
  merged: number;
  known: number;
  /** Whether nobody has been sent it yet. */
  isNew: boolean;
}

/** What is common to all readers of the same span and groups. */
interface Span {
  series: Series[];
  position: Position;
  message: Omit<DeltaMessage, "id" | "cursor" | "series">;
  frames: Map<string, EncodedFrame>;
}

/** How a frame is taken: added to the log; the metric does not go on from what was; or it is old. */
export type Taken = "added" | "broken" | "old";

/** How long a snapshot serves others who come for the same: a thousand may come at once. */
const SNAPSHOT_AGE_MS = 1_000;

/** Of so many spans, and readers of each, what was encoded is kept while nothing moves: of more than are alike it is of no use. */
const MOST_ENCODED = 256;

/** What a hub knows of one metric: its newest frames, snapshots that were just taken, and frames as they were encoded. */
export class MetricFeed {
  #log: DeltaLog | undefined;
  readonly #snapshots = new Map<number, { snapshot: FeedSnapshot; takenMs: number }>();
  readonly #numbers = new WeakMap<FeedSnapshot, number>();
  #nextNumber = 0;
  readonly #dictionary = new GroupDictionary();
  readonly #spans = new Map<string, Span | null>();
  #watermark: number | null = null;
  /** Since when nobody here has watched it. */
  idleSinceMs: number | undefined;

  /** How many snapshots and encoded frames are kept. */
  get kept(): { snapshots: number; frames: number } {
    const frames = [...this.#spans.values()].reduce((sum, span) => sum + (span?.frames.size ?? 0), 0);
    return { snapshots: this.#snapshots.size, frames };
  }

  get position(): Position | undefined {
    return this.#log?.position;
  }

  /** Takes a frame. */
  take({ position, delta }: LiveFrame, nowMs: number): Taken {
    const log = this.#log;
    const now = log?.position;
    if (now !== undefined && position.life < now.life) return "old";
    if (delta === undefined) {
      if (now?.life !== position.life || now.sequence < position.sequence)
        this.#begin(new DeltaLog(position));
      return "broken";
    }
    const isGap = now?.life === position.life && delta.after > now.sequence;
    if (log === undefined || now?.life !== position.life || isGap) {
      const begun = new DeltaLog({ life: position.life, sequence: delta.after });
      this.#begin(begun);
      this.#append(begun, position.sequence, delta, nowMs);
      return isGap ? "broken" : "added";
    }
    if (position.sequence <= now.sequence) return "old";
    this.#append(log, position.sequence, delta, nowMs);
    return "added";
  }

  /** Whether what comes, and what is here, goes on from `position`: nothing after it is missing. */
  goesOnFrom(position: Position): boolean {
    return this.#log?.goesOnFrom(position) === true;
  }

  /** The same of a position that a client names: one that is not reached yet may be another metric's. */
  covers(position: Position): boolean {
    return this.goesOnFrom(position) && position.sequence <= (this.position?.sequence ?? 0);
  }

  /**
   * Takes a snapshot that was asked for.
   *
   * @returns whether what comes, and has come meanwhile, goes on from it; if not, another is to be taken.
   */
  takeSnapshot(snapshot: FeedSnapshot, rangeMs: number, nowMs: number): boolean {
    const now = this.position;
    if (now === undefined || now.life < snapshot.position.life) this.#begin(new DeltaLog(snapshot.position));
    else if (!this.goesOnFrom(snapshot.position)) return false;
    this.#forgetSnapshots(nowMs);
    this.#snapshots.set(rangeMs, { snapshot, takenMs: nowMs });
    this.#watermark ??= snapshot.watermark;
    return true;
  }

  /** A snapshot that was just taken, if there is one to go on from. */
  recentSnapshot(rangeMs: number, nowMs: number): FeedSnapshot | undefined {
    this.#forgetSnapshots(nowMs);
    const recent = this.#snapshots.get(rangeMs)?.snapshot;
    return recent !== undefined && this.goesOnFrom(recent.position) ? recent : undefined;
  }

  #forgetSnapshots(nowMs: number): void {
    for (const [rangeMs, { takenMs }] of this.#snapshots) {
      if (nowMs - takenMs > SNAPSHOT_AGE_MS) this.#snapshots.delete(rangeMs);
    }
  }

  /** What a reader has not been told, as one delta; undefined: nothing that it wants. The log covers its sequence. */
  delta(reader: Reader, nowMs: number): EncodedFrame | undefined {
    const span = this.#spanOf(reader, nowMs);
    if (span === null) return undefined;
    return this.#encoded(span, reader, (series) => ({
      ...span.message,
      id: reader.id,
      cursor: cursorOf(span.position, reader.tag),
      series,
    }));
  }

  /** The same as a snapshot of a reader that has come back. */
  recovery(reader: Reader, nowMs: number): EncodedFrame {
    const key = `recovery ${reader.sequence} ${reader.groupsKey}`;
    let span = this.#spans.get(key) ?? undefined;
    if (span === undefined) this.#keep(key, (span = this.#recoverySpan(reader, nowMs)));
    const { position, message } = span;
    return this.#encoded(span, reader, (series) => ({
      type: "snapshot",
      id: reader.id,
      cursor: cursorOf(position, reader.tag),
      recovered: true,
      series,
      watermark: message.watermark,
    }));
  }

  #recoverySpan(reader: Reader, nowMs: number): Span {
    const missed = this.#spanOf(reader, nowMs);
    // A span of its own: its readers are sent other frames than those of a delta.
    if (missed !== null) return { ...missed, frames: new Map() };
    const position = this.position ?? { life: 0, sequence: 0 };
    const message: Span["message"] = { type: "delta", watermark: this.#watermark, lag: 0 };
    return { series: [], position, message, frames: new Map() };
  }

  /** A snapshot for a reader. */
  snapshot(reader: Reader, snapshot: FeedSnapshot, recovered: boolean): EncodedFrame {
    const { position, series, watermark } = snapshot;
    // By itself, not by its position: while nothing moves, snapshots of all ranges are of the same.
    const key = `snapshot ${this.#numberOf(snapshot)} ${recovered} ${reader.groupsKey}`;
    let span = this.#spans.get(key);
    if (span === undefined || span === null) {
      const matching = recovered ? [] : series.filter(({ group }) => matchesGroups(group, reader.groups));
      span = {
        series: matching,
        position,
        message: { type: "delta", watermark, lag: 0 },
        frames: new Map(),
      };
      this.#keep(key, span);
    }
    const cursor = cursorOf(position, reader.tag);
    return this.#encoded(span, reader, (matching) => ({
      type: "snapshot",
      id: reader.id,
      cursor,
      recovered,
      series: matching,
      watermark,
    }));
  }

  #numberOf(snapshot: FeedSnapshot): number {
    let number = this.#numbers.get(snapshot);
    if (number === undefined) this.#numbers.set(snapshot, (number = this.#nextNumber++));
    return number;
  }

  #begin(log: DeltaLog): void {
    this.#log = log;
    this.#snapshots.clear();
    this.#spans.clear();
  }

  #append(log: DeltaLog, to: number, delta: FrameDelta, nowMs: number): void {
    log.append(to, delta, nowMs);
    this.#forgetSnapshots(nowMs);
    this.#watermark = delta.watermark;
    this.#spans.clear();
  }

  /** Null: nothing of it is wanted. */
  #spanOf({ sequence, groups, groupsKey }: Reader, nowMs: number): Span | null {
    const key = `${sequence} ${groupsKey}`;
    let span = this.#spans.get(key);
    if (span === undefined) this.#keep(key, (span = this.#span(sequence, groups, nowMs)));
    return span;
  }

  #keep(key: string, span: Span | null): void {
    if (this.#spans.size >= MOST_ENCODED) this.#spans.clear();
    this.#spans.set(key, span);
  }

  #span(sequence: number, groups: Group[] | undefined, nowMs: number): Span | null {
    const entries = this.#log?.since(sequence) ?? [];
    const last = entries.at(-1);
    if (this.#log === undefined || last === undefined) return null;
    const series = mergeSeries(entries.map(readEntry)).filter(({ group }) => matchesGroups(group, groups));
    if (series.length === 0) return null;
    const bornMs = entries.reduce((oldest, entry) => Math.min(oldest, entry.bornMs), nowMs);
    const merged = this.#log.position.sequence - sequence - 1;
    const message: Span["message"] = {
      type: "delta",
      watermark: last.watermark,
      lag: nowMs - bornMs,
    };
    if (merged > 0) message.merged = merged;
    return { series, position: this.#log.position, message, frames: new Map() };
  }

  #encoded(
    span: Span,
    reader: Reader,
    message: (series: Series[]) => SnapshotMessage | DeltaMessage,
  ): EncodedFrame {
    const key = `${reader.isCompact ? reader.known : ""} ${reader.asks} ${reader.tag} ${reader.id}`;
    let encoded = span.frames.get(key);
    if (encoded === undefined) {
      if (span.frames.size >= MOST_ENCODED) span.frames.clear();
      span.frames.set(key, (encoded = this.#encode(message(span.series), reader)));
    }
    return encoded;
  }

  #encode(message: SnapshotMessage | DeltaMessage, { isCompact, known, asks, groups }: Reader): EncodedFrame {
    if (asks) message.ack = true;
    const merged = message.type === "delta" ? (message.merged ?? 0) : 0;
    if (!isCompact) return { data: JSON.stringify(message), merged, known, isNew: true };
    const numbers = this.#dictionary.numbers(
      message.series.map(({ group }) => group),
      known,
    );
    // Names of groups that it does not ask for, or may not see, are none of a reader's business.
    const named = numbers.named.filter(([, group]) => matchesGroups(group, groups));
    const data = encodeFrame(message, { ...numbers, named });
    return { data, merged, known: this.#dictionary.size, isNew: true };
  }
}
