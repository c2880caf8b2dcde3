/** States before and after the one that is shown; the newest are kept. */
export interface History<T> {
  readonly past: readonly T[];
  readonly present: T;
  readonly future: readonly T[];
  /** What the last change was to: changes to one thing in a row are one step. Any value that is itself alone. */
  readonly tag: unknown;
}

const MOST_STEPS = 100;

export function historyOf<T>(present: T): History<T> {
  return { past: [], present, future: [], tag: undefined };
}

/** A change. With the tag of the change before it, it becomes one step with that: a word, and not each of its letters. */
export function changed<T>(history: History<T>, present: T, tag?: unknown): History<T> {
  if (Object.is(present, history.present)) return history;
  const joins = tag !== undefined && tag === history.tag && history.past.length > 0;
  const past = joins ? history.past : [...history.past, history.present].slice(-MOST_STEPS);
  return { past, present, future: [], tag };
}

export function undone<T>(history: History<T>): History<T> {
  const before = history.past.at(-1);
  if (before === undefined) return history;
  const future = [history.present, ...history.future];
  return { past: history.past.slice(0, -1), present: before, future, tag: undefined };
}

export function redone<T>(history: History<T>): History<T> {
  const [after, ...future] = history.future;
  if (after === undefined) return history;
  return { past: [...history.past, history.present], present: after, future, tag: undefined };
}

/** The same steps, with another state in the place of each. What is changed next is a step of its own. */
export function mapped<T>({ past, present, future }: History<T>, state: (before: T) => T): History<T> {
  return { past: past.map(state), present: state(present), future: future.map(state), tag: undefined };
}
