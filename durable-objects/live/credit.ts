/** Frames of each subscription under way to a client that has shown that it keeps up: a minute's, where they are small. */
const MOST_FRAMES = 256;
/** And bytes of each: what the buffers on the way to a client take in any case. */
const MOST_BYTES = 128 * 1024;
/** To one that has shown nothing yet, and to one that does not keep up. */
const FIRST_FRAMES = 4;
const LEAST_FRAMES = 2;
/** A client that is asked for a word and gives none for so long does not keep up, however few frames are under way. */
const PATIENCE_MS = 1_500;

/**
 * How much may be under way to one client. The platform does not tell what a socket has buffered, so the client is asked
 * to say what it has taken: after half of what it may have, which grows while it answers in time.
 */
export class Credit {
  /** Subscriptions that share it. */
  streams = 1;
  #most = FIRST_FRAMES;
  #underWay = 0;
  /** Bytes of them: a client says how many frames it has taken, not which, so what is left of these is reckoned. */
  #bytesUnderWay = 0;
  #sinceAsked = 0;
  #bytesSinceAsked = 0;
  #askedMs: number | undefined;

  /** Whether another frame may go. Who has not been asked owes no word: one more goes, and asks. */
  isReady(nowMs: number): boolean {
    if (this.#askedMs === undefined) return true;
    return this.#hasRoom && nowMs - this.#askedMs <= PATIENCE_MS;
  }

  /** Whether the next frame is to ask the client for its word. */
  get asksNext(): boolean {
    const frames = this.#sinceAsked + 1;
    return (
      frames >= this.#mostFrames / 2 ||
      this.#underWay + 1 >= this.#mostFrames ||
      this.#bytesSinceAsked >= this.#mostBytes / 2
    );
  }

  get #hasRoom(): boolean {
    if (this.#underWay >= this.#mostFrames) return false;
    return this.#underWay < LEAST_FRAMES * this.streams || this.#bytesUnderWay < this.#mostBytes;
  }

  get #mostFrames(): number {
    return this.#most * this.streams;
  }

  get #mostBytes(): number {
    return MOST_BYTES * this.streams;
  }

  /** A frame goes. */
  sent(bytes: number, nowMs: number): void {
    if (this.asksNext) {
      this.#askedMs ??= nowMs;
      this.#sinceAsked = 0;
      this.#bytesSinceAsked = 0;
    } else {
      this.#sinceAsked++;
      this.#bytesSinceAsked += bytes;
    }
    this.#underWay++;
    this.#bytesUnderWay += bytes;
  }

  /** A frame could not go. */
  exceeded(): void {
    this.#most = LEAST_FRAMES;
  }

  /** The client has taken so many. */
  acknowledge(frames: number): void {
    const left = Math.max(0, this.#underWay - frames);
    if (this.#underWay > 0) this.#bytesUnderWay *= left / this.#underWay;
    this.#underWay = left;
    this.#askedMs = undefined;
    this.#most = Math.min(MOST_FRAMES, this.#most * 2);
  }
}
