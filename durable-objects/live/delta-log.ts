import type { Series } from "../../protocol/series.ts";
import type { FrameDelta, Position } from "./live-frame.ts";

/** What the log keeps at most of one metric: minutes of an ordinary one, and never much of a hub's memory. */
const MOST_ENTRIES = 1_024;
const MOST_CHARACTERS = 1_000_000;

/** One frame as it came. */
export interface LogEntry {
  after: number;
  to: number;
  /** JSON of a list of `Series`. */
  text: string;
  watermark: number | null;
  /** When the oldest event in it arrived, on this machine's clock. */
  bornMs: number;
}

/**
 * The newest frames of one metric, without a gap, up to a position: what a client missed is what came after its own. It is
 * what resumes, slow clients and those with a `maxRate` are served from, so that nothing is kept for a single client.
 */
export class DeltaLog {
  #entries: LogEntry[] = [];
  #characters = 0;
  #start: Position;
  #sequence: number;

  /** Begins at `position`: all that came before is in a snapshot. */
  constructor(position: Position) {
    this.#start = position;
    this.#sequence = position.sequence;
  }

  /** What the newest frame has brought the metric to. */
  get position(): Position {
    return { life: this.#start.life, sequence: this.#sequence };
  }

  /** Adds a frame of the same life that goes on from {@link position}. */
  append(to: number, { after, series, watermark, lag }: FrameDelta, nowMs: number): void {
    this.#entries.push({ after, to, text: series, watermark, bornMs: nowMs - lag });
    this.#characters += series.length;
    this.#sequence = to;
    while (this.#entries.length > MOST_ENTRIES || this.#characters > MOST_CHARACTERS) {
      const oldest = this.#entries.shift();
      if (oldest === undefined) break;
      this.#characters -= oldest.text.length;
      this.#start = { life: this.#start.life, sequence: oldest.to };
    }
  }

  /** Whether what comes, and what is here, goes on from `position`: nothing after it is missing. */
  goesOnFrom({ life, sequence }: Position): boolean {
    return life === this.#start.life && sequence >= this.#start.sequence;
  }

  /** The frames that hold what came after `sequence`, which the log covers. */
  since(sequence: number): readonly LogEntry[] {
    let first = this.#entries.length;
    while (first > 0 && (this.#entries[first - 1]?.to ?? 0) > sequence) first--;
    return first === 0 ? this.#entries : this.#entries.slice(first);
  }
}

/** The points of an entry. */
export function readEntry({ text }: LogEntry): Series[] {
  return JSON.parse(text) as Series[];
}
