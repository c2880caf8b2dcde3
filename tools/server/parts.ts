/** What was started, stopped in the opposite order: those who send before those who receive. */
export class Parts {
  readonly #stops: (() => void | Promise<unknown>)[] = [];

  add(stop: () => void | Promise<unknown>): void {
    this.#stops.push(stop);
  }

  async stop(): Promise<void> {
    for (const stop of this.#stops.splice(0).reverse()) {
      try {
        await stop();
      } catch {
        // The others must be stopped all the same.
      }
    }
  }
}
