import type { Event } from "../../protocol/event.ts";
import type { CompiledMetric } from "./compiled-metric.ts";
import type { MetricPartial, SessionPartial } from "./partials.ts";
import type { MetricFolder } from "./range-folder.ts";
import { addSession, type Session } from "./sessions.ts";

/** Folds events into the sessions of each group and user, as far as one range shows them. */
export class SessionFolder implements MetricFolder {
  readonly compiled: CompiledMetric;
  readonly #groups = new Map<string, Map<string, Session[]>>();
  #skipped = 0;

  constructor(compiled: CompiledMetric) {
    this.compiled = compiled;
  }

  add(event: Event): void {
    const { accepts, groupKey, metric } = this.compiled;
    if (accepts !== undefined && !accepts(event)) return;
    if (event.user === undefined) {
      this.#skipped++;
      return;
    }
    const { ts } = event;
    const gapMs = metric.window.gapMs ?? 0;
    const sessions = this.#sessionsOf(groupKey(event), event.user);
    const latest = sessions.at(-1);
    if (latest !== undefined && ts >= latest.firstMs && ts - latest.lastMs < gapMs) {
      latest.events++;
      if (ts > latest.lastMs) latest.lastMs = ts;
    } else {
      addSession(sessions, { firstMs: ts, lastMs: ts, events: 1 }, gapMs);
    }
  }

  finish(): MetricPartial | undefined {
    if (this.#groups.size === 0 && this.#skipped === 0) return undefined;
    const partials: SessionPartial[] = [];
    for (const [key, users] of this.#groups) {
      for (const [user, sessions] of users) {
        for (const { firstMs, lastMs, events } of sessions) {
          partials.push([key, user, firstMs, lastMs, events]);
        }
      }
    }
    const { metric, revision } = this.compiled;
    return { name: metric.name, revision, skipped: this.#skipped, sessions: partials };
  }

  #sessionsOf(key: string, user: string): Session[] {
    let users = this.#groups.get(key);
    if (users === undefined) this.#groups.set(key, (users = new Map()));
    let sessions = users.get(user);
    if (sessions === undefined) users.set(user, (sessions = []));
    return sessions;
  }
}
