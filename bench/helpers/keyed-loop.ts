import type { Event } from "../../protocol/event.ts";

/** Seconds that stay in the map: about as long as the engine keeps them until they are sealed. */
const KEPT_PANES = 33;
const PANE_MS = 1_000;

/** What the engine is measured against: the same tumbling counts of a second by nothing but two maps. */
export class KeyedLoop {
  readonly #panes = new Map<number, Map<string, number>>();
  events = 0;

  take(events: readonly Event[]): void {
    for (const { ts, props } of events) {
      const start = ts - (ts % PANE_MS);
      let groups = this.#panes.get(start);
      if (groups === undefined) this.#panes.set(start, (groups = new Map()));
      const group = props?.["group"] as string;
      groups.set(group, (groups.get(group) ?? 0) + 1);
    }
  }

  /** Takes the oldest panes out. */
  dropOld(): void {
    for (const [start, groups] of this.#panes) {
      if (this.#panes.size <= KEPT_PANES) break;
      for (const count of groups.values()) this.events += count;
      this.#panes.delete(start);
    }
  }

  close(): void {
    for (const groups of this.#panes.values()) for (const count of groups.values()) this.events += count;
    this.#panes.clear();
  }
}
