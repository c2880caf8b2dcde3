/** Frames of each subscription under way to a client that has shown that it keeps up: a quarter of a minute's. */
const MOST_FRAMES = 64;
/** To one that has shown nothing yet, and to one that does not keep up. */
const FIRST_FRAMES = 4;
const LEAST_FRAMES = 2;
/** A client that is asked for a word and gives none for so long does not keep up, however few frames are under way. */
const PATIENCE_MS = 1_500;

/**
 * How many frames may be under way to one client. The platform does not tell what a socket has buffered, so the client is asked
 * to say what it has taken: after half of what it may have, which grows while it answers in time.
 */
export class Credit {
  /** Subscriptions that share it. */
  streams = 1;
  #most = FIRST_FRAMES;
  #underWay = 0;
  #sinceAsked = 0;
  #askedMs: number | undefined;

  /** Whether another frame may go. Who has not been asked owes no word: one more goes, and asks. */
  isReady(nowMs: number): boolean {
    if (this.#askedMs === undefined) return true;
    return this.#underWay < this.#bound && nowMs - this.#askedMs <= PATIENCE_MS;
  }

  /** Whether the next frame is to ask the client for its word. */
  get asksNext(): boolean {
    return this.#sinceAsked + 1 >= this.#bound / 2 || this.#underWay + 1 >= this.#bound;
  }

  get #bound(): number {
    return this.#most * this.streams;
  }

  /** A frame goes. */
  sent(nowMs: number): void {
    if (this.asksNext) {
      this.#askedMs ??= nowMs;
      this.#sinceAsked = 0;
    } else {
      this.#sinceAsked++;
    }
    this.#underWay++;
  }

  /** A frame could not go. */
  exceeded(): void {
    this.#most = LEAST_FRAMES;
  }

  /** The client has taken so many. */
  acknowledge(frames: number): void {
    this.#underWay = Math.max(0, this.#underWay - frames);
    this.#askedMs = undefined;
    this.#most = Math.min(MOST_FRAMES, this.#most * 2);
  }
}
