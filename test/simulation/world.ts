import { Random } from "./random.ts";
import { followTimekeeper, type Timekeeper } from "./virtual-clock.ts";

/** Whoever takes turns: an object, or the client. Everything that happens to it happens in a turn. */
export interface Actor {
  readonly name: string;
  /** Rises when the actor loses its memory: what was meant for an earlier life does not reach it. */
  readonly life: number;
  /** Sends something out: at once, or when what was written before it is durable. */
  send(post: () => void): void;
  /** Called when a turn is over and nothing more happens by itself. */
  endTurn(): void;
  crash(): void;
}

/** Something that is about to happen. */
export interface PendingStep {
  label: string;
  /** In whose turn; undefined: nobody's code runs. */
  actor: Actor | undefined;
  /** Actors for whom a crash before this step is not the same as one after it. */
  involved: readonly Actor[];
  /** Whose call it is. */
  sender?: Actor;
  /** Whether it has become void, and does not happen. */
  isVoid?: () => boolean;
  act: () => void;
}

/** A step that has happened. */
export interface Step {
  label: string;
  atMs: number;
  involved: readonly string[];
}

/** A loss of memory right after a step, counted from 1: of one actor, or of `all`. */
export interface Crash {
  step: number;
  actor: string;
}

/** A message, or a commit, that takes `ms` longer than it otherwise would: the one posted as number `message`, from 1. */
export interface HoldUp {
  message: number;
  ms: number;
}

export interface WorldOptions {
  seed: number;
  startMs: number;
  /** How long a message is on its way, or a commit takes, in ms. */
  latency: (random: Random) => number;
  crashes: readonly Crash[];
  holdUps: readonly HoldUp[];
  /** Whether a call under way may be lost with its sender. */
  losesOrphans?: boolean;
}

/** How long a call may still be under way after its sender has lost its memory: until long into the next life. */
const ORPHANED_MS = 3_000;
/** Of the calls under way, where a sender's loss may take them along. */
const LOST_SHARE = 0.5;
const SOONEST_FIRST = (a: Queued, b: Queued) => a.atMs - b.atMs || a.order - b.order;
/** A world that goes on for ever has a fault. */
const MOST_STEPS = 50_000;

interface Queued extends PendingStep {
  atMs: number;
  order: number;
  /** Whether its sender has lost its memory since. */
  isOrphan: boolean;
}

/**
 * Time and order of a simulation: steps happen one after the other, the soonest first, of equally soon ones whichever
 * the seed says. The same options lead to the same steps.
 */
export class World implements Timekeeper {
  nowMs: number;
  readonly steps: Step[] = [];
  /** Messages and commits so far, those under way too. */
  messages = 0;
  readonly random: Random;
  readonly #latency: (random: Random) => number;
  readonly #crashes: readonly Crash[];
  readonly #holdUps: readonly HoldUp[];
  readonly #losesOrphans: boolean;
  readonly #actors = new Map<string, Actor>();
  #queue: Queued[] = [];
  #running: Actor | undefined;

  constructor({ seed, startMs, latency, crashes, holdUps, losesOrphans = false }: WorldOptions) {
    this.nowMs = startMs;
    this.random = new Random(seed);
    this.#latency = latency;
    this.#crashes = crashes;
    this.#holdUps = holdUps;
    this.#losesOrphans = losesOrphans;
  }

  add(actor: Actor): void {
    this.#actors.set(actor.name, actor);
  }

  /** Something is to happen at `atMs`, or at once if that is past. */
  at(atMs: number, step: PendingStep): void {
    const queued = { ...step, atMs: Math.max(atMs, this.nowMs), order: this.random.next(), isOrphan: false };
    if (step.sender !== undefined) this.#unearth(queued);
    this.#queue.push(queued);
  }

  /** Something is to happen as soon as a message takes. */
  soon(step: PendingStep): void {
    this.messages++;
    const heldMs = this.#holdUps.find(({ message }) => message === this.messages)?.ms ?? 0;
    this.at(this.nowMs + this.#latency(this.random) + heldMs, step);
  }

  /** A timer of the actor whose turn it is. */
  after(ms: number, callback: () => void): () => void {
    const actor = this.#running;
    if (actor === undefined) throw new Error("a timer was set in nobody's turn");
    const { life } = actor;
    let isCancelled = false;
    this.at(this.nowMs + Math.max(0, ms), {
      label: `${actor.name}: timer`,
      actor,
      involved: [actor],
      isVoid: () => isCancelled || actor.life !== life,
      act: callback,
    });
    return () => {
      isCancelled = true;
    };
  }

  /** Lets everything happen that is to happen, until nothing more is. */
  async run(): Promise<void> {
    const restore = followTimekeeper(this);
    try {
      for (let next = this.#take(); next !== undefined; next = this.#take()) await this.#happen(next);
    } finally {
      restore();
    }
  }

  /** Whether a timer of the actor's is running. */
  isAwaited(actor: Actor): boolean {
    const label = `${actor.name}: timer`;
    return this.#queue.some((step) => step.label === label && step.isVoid?.() !== true);
  }

  crash(name: string): void {
    for (const actor of this.#actors.values()) {
      if (name !== "all" && actor.name !== name) continue;
      actor.crash();
      for (const orphan of this.#queue.filter(({ sender }) => sender === actor)) {
        orphan.isOrphan = this.random.below(3) > 0;
        if (orphan.isOrphan) orphan.atMs += ORPHANED_MS;
      }
      if (this.#losesOrphans) {
        this.#queue = this.#queue.filter(({ sender, order }) => sender !== actor || order > LOST_SHARE);
      }
    }
  }

  /** A call of a lost life likes to arrive right before the next life's call of the same kind. */
  #unearth(call: Queued): void {
    for (const orphan of this.#queue) {
      if (!orphan.isOrphan || orphan.label !== call.label) continue;
      orphan.atMs = call.atMs;
      orphan.order = call.order - 1;
    }
  }

  async #happen(step: Queued): Promise<void> {
    this.nowMs = step.atMs;
    this.#running = step.actor;
    step.act();
    if (step.actor !== undefined) await stillness();
    this.#running = undefined;
    step.actor?.endTurn();
    this.steps.push({
      label: step.label,
      atMs: step.atMs,
      involved: step.involved.map(({ name }) => name),
    });
    if (this.steps.length > MOST_STEPS) throw new Error(`no end: ${this.#latest()}`);
    for (const { step: after, actor } of this.#crashes) if (after === this.steps.length) this.crash(actor);
  }

  #latest(): string {
    return this.steps
      .slice(-40)
      .map(({ label, atMs }) => `${atMs} ${label}`)
      .join("\n");
  }

  #take(): Queued | undefined {
    this.#queue = this.#queue.filter(({ isVoid }) => isVoid?.() !== true);
    const next = this.#queue.reduce<Queued | undefined>(
      (soonest, step) => (soonest === undefined || SOONEST_FIRST(step, soonest) < 0 ? step : soonest),
      undefined,
    );
    this.#queue = this.#queue.filter((step) => step !== next);
    return next;
  }
}

const realImmediate = setImmediate;

/** Every promise that can be settled without time passing is. */
function stillness(): Promise<void> {
  return new Promise((resolve) => {
    realImmediate(resolve);
  });
}
