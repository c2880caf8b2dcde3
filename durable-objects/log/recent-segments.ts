import type { Segment } from "./segment.ts";

/**
 * The newest segments of a partition, in memory. A reader that keeps up wants just what was appended a moment ago:
 * from here it costs no search of a table and no walk along a blob's pages.
 */
export class RecentSegments {
  readonly #maxBytes: number;
  #segments: Segment[] = [];
  #bytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Takes the next segment: it begins where the last one ended. */
  push(segment: Segment): void {
    this.#segments.push(segment);
    this.#bytes += segment.body.length;
    let excess = 0;
    while (this.#bytes > this.#maxBytes) this.#bytes -= this.#segments[excess++]?.body.length ?? this.#bytes;
    if (excess > 0) this.#segments.splice(0, excess);
  }

  clear(): void {
    this.#segments = [];
    this.#bytes = 0;
  }

  /**
   * The segments from the one that holds `fromOffset` on, about `maxBytes` of them and at least one.
   *
   * @returns undefined when that one is not here.
   */
  from(fromOffset: number, maxBytes: number): Segment[] | undefined {
    const first = this.#segments.findIndex(
      ({ firstOffset, count }) => firstOffset <= fromOffset && fromOffset < firstOffset + count,
    );
    if (first < 0) return undefined;
    let end = first + 1;
    let bytes = this.#segments[first]?.body.length ?? 0;
    for (; end < this.#segments.length; end++) {
      bytes += this.#segments[end]?.body.length ?? 0;
      if (bytes > maxBytes) break;
    }
    return this.#segments.slice(first, end);
  }
}
