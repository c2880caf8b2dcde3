import type { RejectedExample } from "../../protocol/observe.ts";

/** What ingest remembers of one project: counts, and the newest refusals of each reason. */
export interface ProjectNotes {
  /** When the first of them was noted, epoch ms. */
  sinceMs: number;
  repeatedBatches: number;
  rejectedByReason: Record<string, number>;
  examples: RejectedExample[];
}

const EXAMPLES_OF_A_REASON = 5;
const MESSAGE_LENGTH = 240;
/** Projects that a batcher has notes of, so that they fit one row; of further ones the one that was silent the longest is forgotten. */
const MOST_PROJECTS = 50;

/**
 * What did not become events of those that one batcher was sent, by project: some kilobytes each, so that somebody who
 * asks why an event is missing sees it. The texts are cut: a refused event may hold anything.
 */
export class IngestNotes {
  readonly #byProject: Map<string, ProjectNotes>;

  constructor(stored: readonly [project: string, notes: ProjectNotes][] = []) {
    this.#byProject = new Map(stored);
  }

  repeated(project: string, nowMs: number): void {
    this.#of(project, nowMs).repeatedBatches++;
  }

  rejected(
    project: string,
    byReason: Readonly<Record<string, number>>,
    examples: readonly RejectedExample[],
    nowMs: number,
  ): void {
    const notes = this.#of(project, nowMs);
    for (const [reason, events] of Object.entries(byReason)) {
      notes.rejectedByReason[reason] = (notes.rejectedByReason[reason] ?? 0) + events;
    }
    for (const example of examples) {
      const message = example.message.slice(0, MESSAGE_LENGTH).toWellFormed();
      notes.examples.push({ ...example, message });
      const same = notes.examples.filter(({ reason }) => reason === example.reason);
      if (same.length > EXAMPLES_OF_A_REASON)
        notes.examples = notes.examples.filter((one) => one !== same[0]);
    }
  }

  notesOf(project: string): ProjectNotes | undefined {
    return this.#byProject.get(project);
  }

  /** To be stored as it is. */
  encode(): [project: string, notes: ProjectNotes][] {
    return [...this.#byProject];
  }

  /** The project's notes, which become the newest. */
  #of(project: string, nowMs: number): ProjectNotes {
    const notes = this.#byProject.get(project) ?? {
      sinceMs: nowMs,
      repeatedBatches: 0,
      rejectedByReason: {},
      examples: [],
    };
    this.#byProject.delete(project);
    this.#byProject.set(project, notes);
    if (this.#byProject.size > MOST_PROJECTS) {
      for (const oldest of this.#byProject.keys()) {
        this.#byProject.delete(oldest);
        break;
      }
    }
    return notes;
  }
}
