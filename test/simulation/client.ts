import type { Actor, World } from "./world.ts";

/** Whoever uses a deployment from outside. It never loses its memory. */
export class Client implements Actor {
  readonly name = "client";
  readonly life = 0;
  readonly #world: World;

  constructor(world: World) {
    this.#world = world;
  }

  send(post: () => void): void {
    post();
  }

  endTurn(): void {}

  crash(): void {}

  /** Does something, and lets everything happen that follows. */
  async does<T>(deeds: () => Promise<T>): Promise<T> {
    let done: Promise<T> | undefined;
    let hasEnded = false;
    this.#world.at(this.#world.nowMs, {
      label: "client",
      actor: this,
      involved: [],
      act: () => {
        done = deeds().finally(() => {
          hasEnded = true;
        });
        done.catch(() => undefined);
      },
    });
    await this.#world.run();
    if (done === undefined || !hasEnded) throw new Error("the client waits for something that never comes");
    return done;
  }

  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.#world.after(ms, resolve);
    });
  }
}
