import { movedRange, scaledRange, type FixedRange } from "../time/time-range.ts";

/** What gestures on a plot mean. Positions are CSS pixels from the plot's left edge. */
export interface GestureTarget {
  timeAt: (px: number) => number;
  /** The drawn span. */
  span: () => FixedRange;
  onRange: (range: FixedRange, how: "zoom" | "pan") => void;
  /** A finger moves the cursor; undefined: it has gone. */
  onScrub: (px: number | undefined) => void;
  /** A selection begins or ends. */
  onHold: (held: boolean) => void;
}

/** A press that moves less is a click. */
const DRAG_FROM_PX = 5;
/** Factor of the span for one notch of a wheel. */
const WHEEL_ZOOM = 1.0015;

/**
 * Listens on a plot: a drag of the mouse selects a span to zoom to, with Shift it pans; Ctrl and the wheel, or a pinch,
 * zoom around the pointer; a sideways wheel pans; a finger moves the cursor. The result ends it.
 */
export function listenForGestures(plot: HTMLElement, target: GestureTarget): () => void {
  const listening = new AbortController();
  const on = <K extends keyof HTMLElementEventMap>(
    name: K,
    act: (event: HTMLElementEventMap[K]) => void,
    options: AddEventListenerOptions = {},
  ): void => plot.addEventListener(name, act, { ...options, signal: listening.signal });
  const drag = new Drag(plot, target);
  const fingers = new Fingers(plot, target);
  on("pointerdown", (event) => (event.pointerType === "touch" ? fingers.down(event) : drag.down(event)));
  on("pointermove", (event) => (event.pointerType === "touch" ? fingers.move(event) : drag.move(event)));
  on("pointerup", (event) => (event.pointerType === "touch" ? fingers.up(event) : drag.up(event)));
  on("pointercancel", (event) => (event.pointerType === "touch" ? fingers.up(event) : drag.cancel()));
  on("dblclick", (event) => {
    const span = target.span();
    target.onRange(scaledRange(span, 2, target.timeAt(offset(plot, event))), "zoom");
  });
  on("wheel", (event) => turnWheel(plot, target, event), { passive: false });
  return () => {
    drag.cancel();
    listening.abort();
  };
}

/** A press of the mouse that moves: a selection, or with Shift the range itself. */
class Drag {
  readonly #plot: HTMLElement;
  readonly #target: GestureTarget;
  readonly #shade = document.createElement("div");
  #start: { px: number; span: FixedRange; pans: boolean } | undefined;

  constructor(plot: HTMLElement, target: GestureTarget) {
    this.#plot = plot;
    this.#target = target;
    this.#shade.className = "chart-selection";
    this.#shade.hidden = true;
    plot.append(this.#shade);
  }

  down(event: PointerEvent): void {
    if (event.buttons !== 1) return;
    this.#start = { px: offset(this.#plot, event), span: this.#target.span(), pans: event.shiftKey };
    this.#plot.setPointerCapture(event.pointerId);
    addEventListener("keydown", this.#onKey, true);
  }

  move(event: PointerEvent): void {
    // This file may have come while the button was down already.
    if (this.#start === undefined && event.buttons === 1) this.down(event);
    if (this.#start === undefined) return;
    const { px, span, pans } = this.#start;
    const now = Math.min(this.#plot.clientWidth, Math.max(0, offset(this.#plot, event)));
    if (pans) {
      const share = (px - offset(this.#plot, event)) / this.#plot.clientWidth;
      this.#target.onRange(movedRange(span, share), "pan");
      return;
    }
    if (this.#shade.hidden && Math.abs(now - px) < DRAG_FROM_PX) return;
    this.#target.onHold(true);
    this.#shade.hidden = false;
    this.#shade.style.left = `${Math.min(px, now)}px`;
    this.#shade.style.width = `${Math.abs(now - px)}px`;
  }

  up(event: PointerEvent): void {
    const start = this.#start;
    const selected = !this.#shade.hidden;
    this.cancel();
    if (start === undefined || !selected) return;
    const now = Math.min(this.#plot.clientWidth, Math.max(0, offset(this.#plot, event)));
    const [from = 0, to = 0] = [start.px, now].sort((a, b) => a - b).map(this.#target.timeAt);
    this.#target.onScrub(undefined);
    this.#target.onRange({ fromMs: Math.round(from), toMs: Math.round(to) }, "zoom");
  }

  cancel(): void {
    if (!this.#shade.hidden) this.#target.onHold(false);
    this.#start = undefined;
    this.#shade.hidden = true;
    removeEventListener("keydown", this.#onKey, true);
  }

  readonly #onKey = (event: KeyboardEvent): void => {
    if (event.key !== "Escape") return;
    event.stopPropagation();
    this.cancel();
  };
}

/** One finger moves the cursor, two pinch and pan. Up and down stays with the page: see `touch-action` of the plot. */
class Fingers {
  readonly #plot: HTMLElement;
  readonly #target: GestureTarget;
  readonly #at = new Map<number, number>();
  #pinch: { span: FixedRange; middle: number; distance: number } | undefined;

  constructor(plot: HTMLElement, target: GestureTarget) {
    this.#plot = plot;
    this.#target = target;
  }

  down(event: PointerEvent): void {
    this.#at.set(event.pointerId, offset(this.#plot, event));
    if (this.#at.size === 2) this.#pinch = { span: this.#target.span(), ...this.#stretch() };
    else this.#scrub(event);
  }

  move(event: PointerEvent): void {
    if (!this.#at.has(event.pointerId)) return this.down(event);
    this.#at.set(event.pointerId, offset(this.#plot, event));
    if (this.#pinch === undefined) return this.#scrub(event);
    const { span, middle, distance } = this.#pinch;
    const now = this.#stretch();
    const lengthMs = span.toMs - span.fromMs;
    const aroundMs = span.fromMs + (middle / this.#plot.clientWidth) * lengthMs;
    const scaled = scaledRange(span, distance / now.distance, aroundMs);
    const share = (middle - now.middle) / this.#plot.clientWidth;
    this.#target.onRange(movedRange(scaled, share), "pan");
  }

  up(event: PointerEvent): void {
    this.#at.delete(event.pointerId);
    if (this.#at.size === 0) this.#pinch = undefined;
  }

  #scrub(event: PointerEvent): void {
    if (this.#at.size === 1 && this.#pinch === undefined) this.#target.onScrub(offset(this.#plot, event));
  }

  #stretch(): { middle: number; distance: number } {
    const [a = 0, b = 0] = this.#at.values();
    return { middle: (a + b) / 2, distance: Math.max(20, Math.abs(a - b)) };
  }
}

function turnWheel(plot: HTMLElement, target: GestureTarget, event: WheelEvent): void {
  const sideways = Math.abs(event.deltaX) > Math.abs(event.deltaY) || (event.shiftKey && !event.ctrlKey);
  if (!event.ctrlKey && !event.metaKey && !sideways) return;
  event.preventDefault();
  const span = target.span();
  if (sideways) {
    const by = event.deltaX === 0 ? event.deltaY : event.deltaX;
    target.onRange(movedRange(span, by / plot.clientWidth), "pan");
  } else {
    const aroundMs = target.timeAt(offset(plot, event));
    target.onRange(scaledRange(span, WHEEL_ZOOM ** event.deltaY, aroundMs), "pan");
  }
}

function offset(plot: HTMLElement, event: MouseEvent): number {
  return event.clientX - plot.getBoundingClientRect().left;
}
