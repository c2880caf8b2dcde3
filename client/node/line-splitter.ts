const NEWLINE = 0x0a;
const RETURN = 0x0d;

/** Cuts a stream of bytes into lines of UTF-8 text, wherever the chunks begin and end. */
export class LineSplitter {
  readonly #maxLineBytes: number;
  readonly #onOverlong: () => void;
  #parts: Buffer[] = [];
  #bytes = 0;

  /** Lines of more than `maxLineBytes` are left out: nothing else bounds what a file may make us hold. */
  constructor(maxLineBytes: number, onOverlong: () => void = () => {}) {
    this.#maxLineBytes = maxLineBytes;
    this.#onOverlong = onOverlong;
  }

  /** The lines that `chunk` completes, without their ends. */
  push(chunk: Buffer): string[] {
    const lines: string[] = [];
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, start)) {
      this.#hold(chunk.subarray(start, end));
      lines.push(...this.end());
      start = end + 1;
    }
    this.#hold(chunk.subarray(start));
    return lines;
  }

  /** The last line, when nothing ended it. */
  end(): string[] {
    const line = this.#bytes > this.#maxLineBytes ? undefined : Buffer.concat(this.#parts);
    if (!line) this.#onOverlong();
    this.#parts = [];
    this.#bytes = 0;
    if (!line || line.length === 0) return [];
    const length = line[line.length - 1] === RETURN ? line.length - 1 : line.length;
    return length === 0 ? [] : [line.toString("utf8", 0, length)];
  }

  #hold(part: Buffer): void {
    this.#bytes += part.length;
    if (this.#bytes > this.#maxLineBytes) this.#parts = [];
    // A copy: the rest of the chunk, and the reader's buffer, are not ours to keep.
    else if (part.length > 0) this.#parts.push(Buffer.from(part));
  }
}
