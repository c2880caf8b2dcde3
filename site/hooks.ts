import type { RefObject } from "preact";
import { useEffect, useLayoutEffect, useReducer, useRef, useState } from "preact/hooks";
import { drawSoon, forgetDraw } from "./draw-queue.ts";
import type { PanelSeries } from "./series/panel-series.ts";
import type { Store } from "./store.ts";

/** The store's value; the component is drawn again when it changes. */
export function useStore<T>(store: Store<T>): T {
  const [, redraw] = useReducer((count: number) => count + 1, 0);
  useEffect(() => store.subscribe(() => redraw(undefined)), [store]);
  return store.value;
}

/** Renders the component again every `ms` while the page is seen: text that mostly stays the same, which needs no frame of its own. */
export function useTick(ms: number): void {
  const [, redraw] = useReducer((count: number) => count + 1, 0);
  useEffect(() => {
    const timer = setInterval(() => document.hidden || redraw(undefined), ms);
    return () => clearInterval(timer);
  }, [ms]);
}

/**
 * Draws the component again when `series` changes and every `everyMs`, at most once a frame, while `active`; while not,
 * only when it turns from waiting to data or to an error.
 */
export function useSeriesFrames(series: PanelSeries | undefined, active: boolean, everyMs: number): void {
  const [, redraw] = useReducer((count: number) => count + 1, 0);
  useEffect(() => {
    if (series === undefined) return;
    let { ready, error } = series;
    let drawnMs = 0;
    const draw = (): void => {
      drawnMs = performance.now();
      redraw(undefined);
    };
    const ask = (): void => drawSoon(draw);
    const unsubscribe = series.subscribe(() => {
      if (active || ready !== series.ready || error !== series.error) ask();
      ({ ready, error } = series);
    });
    if (active) ask();
    // What data have drawn since need not move yet; timers are not exact.
    const move = (): void => {
      if (performance.now() - drawnMs > everyMs * 0.9) ask();
    };
    const timer = active ? setInterval(move, everyMs) : undefined;
    return () => {
      unsubscribe();
      clearInterval(timer);
      forgetDraw(draw);
    };
  }, [series, active, everyMs]);
}

/** Whether the element is on the screen, or near it. */
export function useVisible(element: RefObject<HTMLElement | null>): boolean {
  const [visible, setVisible] = useState(false);
  useEffect(() => {
    if (element.current === null) return;
    const observer = new IntersectionObserver(
      (entries) => setVisible(entries.at(-1)?.isIntersecting ?? false),
      { rootMargin: "100px" },
    );
    observer.observe(element.current);
    return () => observer.disconnect();
  }, [element]);
  return visible;
}

/** The element's content box in CSS pixels; 0 until it is laid out. */
export function useSize(element: RefObject<HTMLElement | null>): { width: number; height: number } {
  const [size, setSize] = useState({ width: 0, height: 0 });
  useLayoutEffect(() => {
    if (element.current === null) return;
    const observer = new ResizeObserver((entries) => {
      const { width = 0, height = 0 } = entries.at(-1)?.contentRect ?? {};
      setSize({ width: Math.round(width), height: Math.round(height) });
    });
    observer.observe(element.current);
    return () => observer.disconnect();
  }, [element]);
  return size;
}

/** What `compute` gives; while `frozen`, what it gave for the same `of` before. */
export function useFrozen<T>(frozen: boolean, of: unknown, compute: () => T): T {
  const kept = useRef<{ of: unknown; value: T }>(undefined);
  const before = kept.current;
  if (frozen && before !== undefined && before.of === of) return before.value;
  const value = compute();
  kept.current = { of, value };
  return value;
}

/** The list as it was before, while it has the same entries. */
export function useSame<T>(list: readonly T[]): readonly T[] {
  const kept = useRef(list);
  const isSame = list.length === kept.current.length && list.every((entry, i) => entry === kept.current[i]);
  if (!isSame) kept.current = list;
  return kept.current;
}

/** What `load` gives; loaded anew when one of `parts` changes. */
export function useLoaded<T>(
  load: () => Promise<T>,
  parts: readonly unknown[],
): { value?: T; failed: boolean } {
  const [loaded, setLoaded] = useState<{ value?: T; failed: boolean }>({ failed: false });
  useEffect(() => {
    let current = true;
    const settle = (next: { value?: T; failed: boolean }): void => {
      if (current) setLoaded(next);
    };
    settle({ failed: false });
    load().then(
      (value) => settle({ value, failed: false }),
      () => settle({ failed: true }),
    );
    return () => {
      current = false;
    };
  }, parts);
  return loaded;
}
