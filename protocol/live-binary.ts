import type { DeltaMessage, SnapshotMessage } from "./live.ts";
import type { Group, PointState, Series } from "./series.ts";

/**
 * Snapshots and deltas of `freshet.v2`, in bytes. Numbers are LEB128 varints, strings UTF-8 after their length.
 *
 *     kind (1 snapshot, 2 delta; + 4: recovered; + 8: to be acknowledged), id, cursor, generation, watermark + 1 (0: null)
 *     of a delta: lag, merged
 *     groups that have not been named before: how many, then of each its number and its JSON
 *     points by time and state: how many blocks, then of each
 *       t less that of the block before (of the first: the watermark), state (+ 4: with errors), how many,
 *       their groups' numbers less the one before, their values, their errors
 *
 * A group is named once in a generation of numbers; a frame of another generation begins with none. A value is a varint:
 * 0 null, 1 + 4 n the integer n, 2 + 4 n thousandths, or 3 and eight bytes of a double.
 */
export interface GroupNumbers {
  /** Below 2 ** 21. */
  generation: number;
  /** The number of a group of `series`. */
  numberOf: (group: Group) => number;
  /** Groups to name, with their numbers. */
  named: readonly (readonly [number, Group])[];
}

/** Groups by their numbers, as a client remembers them for one subscription. */
export interface NamedGroups {
  generation: number;
  groups: Map<number, Group>;
}

// Every runtime that this runs in has them, though the language's own library does not.
declare class TextEncoder {
  encode(text: string): Uint8Array;
}
declare class TextDecoder {
  decode(bytes: Uint8Array): string;
}

const SNAPSHOT = 1;
const DELTA = 2;
const RECOVERED = 4;
const ASKS = 8;
const WITH_ERRORS = 4;
/** Beyond this a varint of `1 + 4 n` would lose digits. */
const MOST_SMALL = 2 ** 49;

type Frame = SnapshotMessage | DeltaMessage;

interface Block {
  t: number;
  flags: number;
  groups: number[];
  values: (number | null)[];
  errors: (number | null)[];
}

export function encodeFrame(frame: Frame, { generation, numberOf, named }: GroupNumbers): Uint8Array {
  const writer = new Writer();
  const isRecovered = frame.type === "snapshot" && frame.recovered;
  const kind = frame.type === "snapshot" ? SNAPSHOT : DELTA;
  writer.byte(kind + (isRecovered ? RECOVERED : 0) + (frame.ack === true ? ASKS : 0));
  writer.text(frame.id);
  writer.text(frame.cursor);
  writer.varint(generation);
  writer.varint(frame.watermark === null ? 0 : frame.watermark + 1);
  if (frame.type === "delta") {
    writer.varint(Math.round(frame.lag));
    writer.varint(frame.merged ?? 0);
  }
  writer.varint(named.length);
  for (const [number, group] of named) {
    writer.varint(number);
    writer.text(JSON.stringify(group));
  }
  writeBlocks(writer, blocksOf(frame.series, numberOf), frame.watermark ?? 0);
  return writer.bytes();
}

/**
 * Reads a frame, and into `known` the groups that it names. Of an id that is not known, as a subscription's that has just ended,
 * only what is to be acknowledged is read.
 *
 * @throws Error when it is cut off or names no group that it should.
 */
export function decodeFrame(bytes: Uint8Array, known: (id: string) => NamedGroups | undefined): Frame {
  const reader = new Reader(bytes);
  const kind = reader.byte();
  const id = reader.text();
  const cursor = reader.text();
  const ack = (kind & ASKS) !== 0 && { ack: true as const };
  const names = known(id);
  if (names === undefined) return { type: "delta", id, cursor, series: [], watermark: null, lag: 0, ...ack };
  const generation = reader.varint();
  if (generation !== names.generation) names.groups.clear();
  names.generation = generation;
  const shifted = reader.varint();
  const watermark = shifted === 0 ? null : shifted - 1;
  const isDelta = (kind & 3) === DELTA;
  const lag = isDelta ? reader.varint() : 0;
  const merged = isDelta ? reader.varint() : 0;
  for (let left = reader.varint(); left > 0; left--) {
    names.groups.set(reader.varint(), JSON.parse(reader.text()) as Group);
  }
  const series = readBlocks(reader, names.groups, watermark ?? 0);
  if (!isDelta) {
    return { type: "snapshot", id, cursor, recovered: (kind & RECOVERED) !== 0, series, watermark, ...ack };
  }
  return { type: "delta", id, cursor, series, watermark, lag, ...(merged > 0 && { merged }), ...ack };
}

function blocksOf(series: readonly Series[], numberOf: (group: Group) => number): Block[] {
  const blocks = new Map<number, Block>();
  for (const { group, t, v, s, e } of series) {
    const number = numberOf(group);
    for (const [i, end] of t.entries()) {
      const flags = (s[i] ?? 0) + (e === undefined ? 0 : WITH_ERRORS);
      let block = blocks.get(end * 8 + flags);
      if (block === undefined) {
        blocks.set(end * 8 + flags, (block = { t: end, flags, groups: [], values: [], errors: [] }));
      }
      block.groups.push(number);
      block.values.push(v[i] ?? null);
      if (e !== undefined) block.errors.push(e[i] ?? null);
    }
  }
  return [...blocks.values()].sort((a, b) => a.t - b.t);
}

function writeBlocks(writer: Writer, blocks: readonly Block[], fromMs: number): void {
  writer.varint(blocks.length);
  let before = fromMs;
  for (const { t, flags, groups, values, errors } of blocks) {
    writer.signed(t - before);
    before = t;
    writer.byte(flags);
    writer.varint(groups.length);
    let last = 0;
    for (const number of groups) {
      writer.signed(number - last);
      last = number;
    }
    for (const value of values) writer.value(value);
    for (const error of errors) writer.value(error);
  }
}

function readBlocks(reader: Reader, groups: ReadonlyMap<number, Group>, fromMs: number): Series[] {
  const all = new Map<number, Series>();
  let t = fromMs;
  for (let left = reader.varint(); left > 0; left--) {
    t += reader.signed();
    const flags = reader.byte();
    const numbers: number[] = [];
    let number = 0;
    for (let count = reader.varint(); count > 0; count--) numbers.push((number += reader.signed()));
    const touched = numbers.map((each) => seriesOf(all, each, groups));
    for (const series of touched) {
      series.t.push(t);
      series.v.push(reader.value());
      series.s.push((flags & 3) as PointState);
    }
    if ((flags & WITH_ERRORS) !== 0) for (const series of touched) (series.e ??= []).push(reader.value());
  }
  return [...all.values()];
}

function seriesOf(all: Map<number, Series>, number: number, groups: ReadonlyMap<number, Group>): Series {
  let series = all.get(number);
  if (series === undefined) {
    const group = groups.get(number);
    if (group === undefined) throw new Error(`the frame has a group ${number} that was not named`);
    all.set(number, (series = { group, t: [], v: [], s: [] }));
  }
  return series;
}

class Writer {
  #bytes = new Uint8Array(256);
  #length = 0;

  bytes(): Uint8Array {
    return this.#bytes.slice(0, this.#length);
  }

  byte(value: number): void {
    this.#reserve(1);
    this.#bytes[this.#length++] = value;
  }

  /** `value` is a whole number from 0 on. */
  varint(value: number): void {
    this.#reserve(8);
    let left = value;
    while (left >= 128) {
      this.#bytes[this.#length++] = (left % 128) + 128;
      left = Math.floor(left / 128);
    }
    this.#bytes[this.#length++] = left;
  }

  signed(value: number): void {
    this.varint(value < 0 ? -2 * value - 1 : 2 * value);
  }

  text(value: string): void {
    const bytes = new TextEncoder().encode(value);
    this.varint(bytes.length);
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  value(value: number | null): void {
    if (value === null) return this.varint(0);
    if (isSmall(value)) return this.varint(1 + 4 * folded(value));
    const thousandths = Math.round(value * 1_000);
    if (isSmall(thousandths) && thousandths / 1_000 === value)
      return this.varint(2 + 4 * folded(thousandths));
    this.byte(3);
    this.#reserve(8);
    new DataView(this.#bytes.buffer).setFloat64(this.#length, value);
    this.#length += 8;
  }

  #reserve(count: number): void {
    if (this.#length + count <= this.#bytes.length) return;
    const larger = new Uint8Array(Math.max(this.#bytes.length * 2, this.#length + count));
    larger.set(this.#bytes);
    this.#bytes = larger;
  }
}

/** Signed as unsigned: 0, -1, 1, -2 … */
function folded(value: number): number {
  return value < 0 ? -2 * value - 1 : 2 * value;
}

function unfolded(value: number): number {
  return value % 2 === 1 ? -(value + 1) / 2 : value / 2;
}

function isSmall(value: number): boolean {
  return Number.isInteger(value) && Math.abs(value) < MOST_SMALL && !Object.is(value, -0);
}

class Reader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  byte(): number {
    const value = this.#bytes[this.#at++];
    if (value === undefined) throw new Error(`the frame ends after ${this.#bytes.length} bytes`);
    return value;
  }

  varint(): number {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = this.byte();
      value += (byte % 128) * scale;
      if (byte < 128) return value;
    }
  }

  signed(): number {
    return unfolded(this.varint());
  }

  text(): string {
    const length = this.varint();
    const bytes = this.#bytes.subarray(this.#at, (this.#at += length));
    if (bytes.length < length) throw new Error(`the frame ends after ${this.#bytes.length} bytes`);
    return new TextDecoder().decode(bytes);
  }

  value(): number | null {
    const coded = this.varint();
    if (coded === 0) return null;
    const kind = coded % 4;
    if (kind === 1) return unfolded((coded - 1) / 4);
    if (kind === 2) return unfolded((coded - 2) / 4) / 1_000;
    const bytes = this.#bytes.subarray(this.#at, (this.#at += 8));
    if (bytes.length < 8) throw new Error(`the frame ends after ${this.#bytes.length} bytes`);
    return new DataView(bytes.buffer, bytes.byteOffset, 8).getFloat64(0);
  }
}
