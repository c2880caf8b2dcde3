import fc from "fast-check";
import { expect, it } from "vitest";
import type { AlertSource } from "../../protocol/alert.ts";
import type { Event } from "../../protocol/event.ts";
import type { Group } from "../../protocol/series.ts";
import type { Silence } from "../../protocol/silence.ts";
import { AlertedFeed } from "../../test/helpers/alerted-feed.ts";
import { PARTITIONS, START_MS } from "../../test/helpers/window-feed.ts";
import { type NotedEpisode, type PastSilence, silenceOracle } from "../../test/oracle/silence-oracle.ts";
import { SimulatedStorage } from "../../test/simulation/simulated-storage.ts";
import { AlertLedger } from "./alert-ledger.ts";
import type { AlertTransition } from "../engine/alerts/alert-set.ts";
import { AlertStore } from "../storage/alert-store.ts";
import { SilenceStore } from "../storage/silence-store.ts";

const METRIC = { aggregate: "count", groupBy: ["g"], delay: "1s", lateness: "10s" };
const WEBHOOK = "https://example.com/hook";

/** Alerts of a window object with a disk, and silences as the catalog tells them. */
class SilencedFeed {
  readonly #storage = new SimulatedStorage();
  readonly #feed: AlertedFeed;
  #ledger!: AlertLedger;
  #store!: AlertStore;
  #silences!: SilenceStore;
  #inForce: { silence: Silence; past: PastSilence }[] = [];
  #seen = 0;
  readonly sent: string[] = [];
  readonly noted = new Map<number, NotedEpisode>();
  readonly past: PastSilence[] = [];
  readonly momentsMs: number[] = [];

  constructor(rules: Omit<AlertSource, "name" | "metric">[]) {
    this.#feed = new AlertedFeed(
      METRIC,
      rules.map((rule) => ({ ...rule, webhook: WEBHOOK })),
    );
    this.#open();
    this.#storage.commit();
    this.#feed.onTransitions = (transitions, nowMs) => {
      this.#ledger.keep(transitions, nowMs);
      this.#note(transitions, nowMs);
    };
  }

  range(partition: number, events: Event[], nowMs: number): void {
    this.#feed.range(partition, events, nowMs);
    this.#commit(nowMs);
  }

  /** All that the turn wrote is lost with the memory, and the reader sends the range again. */
  tornRange(partition: number, events: Event[], nowMs: number): void {
    const noted = structuredClone([...this.noted]);
    this.#feed.tornRange(partition, events, nowMs, () => {
      this.#storage.rollBack();
      this.noted.clear();
      for (const [id, episode] of noted) this.noted.set(id, episode);
      this.#open();
    });
    this.#commit(nowMs + 1);
  }

  idle(nowMs: number): void {
    this.#feed.idle(nowMs);
    this.#commit(nowMs);
  }

  checkpoint(): void {
    this.#feed.checkpoint();
  }

  crash(): void {
    this.#feed.crash();
    this.#storage.rollBack();
    this.#open();
  }

  /** Makes a silence, or gives the one of these groups another end. */
  silence(alert: string, groups: Group[] | undefined, nowMs: number, untilMs: number): void {
    this.#end(({ past }) => past.alert === alert && past.groups === groups, nowMs);
    const past = { alert, groups, fromMs: nowMs, toMs: untilMs };
    this.past.push(past);
    const silence: Silence = {
      id: crypto.randomUUID(),
      alert,
      comment: "why",
      createdAt: nowMs,
      until: untilMs,
    };
    if (groups !== undefined) silence.groups = groups;
    this.#inForce.push({ silence, past });
    this.#refresh(nowMs);
  }

  /** Lifts the silence that was made last. */
  lift(nowMs: number): void {
    const last = this.#inForce.at(-1);
    this.#end((each) => each === last, nowMs);
    this.#refresh(nowMs);
  }

  nudge(nowMs: number): void {
    this.#commit(nowMs);
  }

  /** When somebody has to look whether a silence is over. */
  get dueMs(): number {
    return this.#ledger.dueMs;
  }

  #end(which: (silence: { past: PastSilence }) => boolean, nowMs: number): void {
    for (const { past } of this.#inForce.filter(which)) past.toMs = Math.min(past.toMs, nowMs);
    this.#inForce = this.#inForce.filter((silence) => !which(silence));
  }

  #refresh(nowMs: number): void {
    this.#silences.replace(this.#inForce.map(({ silence }) => silence));
    this.#ledger.tellUnsilenced(nowMs);
    this.#commit(nowMs);
  }

  #open(): void {
    // What these use of the platform's storage.
    this.#store = new AlertStore(this.#storage as never);
    this.#silences = new SilenceStore(this.#storage.sql as never);
    this.#ledger = new AlertLedger({
      objectName: "p",
      store: this.#store,
      silences: this.#silences,
      ruleOf: (alert) => this.#feed.alerts.rule(alert),
    });
  }

  /** The end of a turn: what is in the outbox then is sent. */
  #commit(nowMs: number): void {
    if (this.#ledger.dueMs <= nowMs) this.#ledger.tellUnsilenced(nowMs);
    this.#storage.commit();
    this.momentsMs.push(nowMs);
    const rows = this.#storage.sql.exec("SELECT id, alert, body FROM alert_outbox WHERE id > ?", this.#seen);
    for (const row of rows) {
      const { id, alert, body } = row as { id: number; alert: string; body: string };
      this.#seen = id;
      const [, episode, , what] = (JSON.parse(body) as { id: string }).id.split(":");
      this.sent.push(`${alert} #${episode} ${what} at ${nowMs}`);
    }
  }

  #note(transitions: readonly AlertTransition[], nowMs: number): void {
    for (const { type, rule, key, episode } of transitions) {
      const known = this.noted.get(episode);
      if (type === "resolved" && known !== undefined) known.resolvedMs = nowMs;
      else if (type === "fired") {
        const group = { g: key };
        this.noted.set(episode, {
          id: episode,
          alert: rule.name,
          group,
          firedMs: nowMs,
          resolvedMs: undefined,
        });
      }
    }
  }
}

const groups: (Group[] | undefined)[] = [undefined, [{ g: "a" }], [{ g: "b" }, { g: "c" }]];

const step = fc.record({
  partition: fc.integer({ min: 0, max: PARTITIONS - 1 }),
  passedMs: fc.oneof(
    { weight: 5, arbitrary: fc.integer({ min: 5, max: 2_500 }) },
    { weight: 1, arbitrary: fc.integer({ min: 2_500, max: 30_000 }) },
  ),
  how: fc.constantFrom("range", "range", "torn"),
  after: fc.constantFrom(
    "nothing",
    "nothing",
    "idle",
    "checkpoint",
    "crash",
    "silence",
    "silence",
    "lift",
    "nudge",
  ),
  rule: fc.integer({ min: 0, max: 2 }),
  groups: fc.integer({ min: 0, max: 2 }),
  lastsMs: fc.integer({ min: 1, max: 8_000 }),
  events: fc.array(
    fc.record({ agoMs: fc.integer({ min: 0, max: 3_000 }), group: fc.constantFrom("a", "b", "c") }),
    { maxLength: 5 },
  ),
});

const rules = fc.array(
  fc.record({
    condition: fc.constantFrom("> 0", "> 1", "< 1", "no data"),
    for: fc.constantFrom("0s", "2s"),
  }),
  { minLength: 1, maxLength: 3 },
);

it("[A1] for any silences, alerts and crashes: what fires in a silence is told once, at its end, if it fires then", () => {
  fc.assert(
    fc.property(rules, fc.array(step, { maxLength: 40 }), (sources, steps) => {
      const feed = new SilencedFeed(sources);
      let nowMs = START_MS;
      for (const { partition, passedMs, how, after, rule, lastsMs, ...rest } of steps) {
        nowMs += passedMs;
        const events = rest.events.map(({ agoMs, group }): Event => {
          return { name: "e", ts: nowMs - agoMs, value: 1, props: { g: group } };
        });
        if (how === "torn") feed.tornRange(partition, events, nowMs++);
        else feed.range(partition, events, nowMs);
        // Each has a moment of its own.
        nowMs += 2;
        if (after === "idle") feed.idle(nowMs);
        if (after === "checkpoint") feed.checkpoint();
        if (after === "crash") feed.crash();
        if (after === "silence") {
          feed.silence(`rule${rule % sources.length}`, groups[rest.groups], nowMs, nowMs + lastsMs);
        }
        if (after === "lift") feed.lift(nowMs);
        if (after === "nudge") feed.nudge(nowMs);
      }
      feed.idle(nowMs + 1_000);
      // All silences are over: what fires still is told.
      feed.nudge(nowMs + 100_000);
      expect(feed.dueMs).toBe(Number.POSITIVE_INFINITY);
      const wanted = silenceOracle([...feed.noted.values()], feed.past, feed.momentsMs);
      expect([...feed.sent].sort()).toEqual(wanted.sort());
      // Nobody hears that something is resolved before he has heard of it.
      for (const [i, text] of feed.sent.entries()) {
        if (!text.includes(" resolved ")) continue;
        const fired = text.replace(/ resolved at .*/, " fired ");
        expect(feed.sent.slice(0, i).some((each) => each.startsWith(fired))).toBe(true);
      }
    }),
    { numRuns: 500 },
  );
}, 60_000);
