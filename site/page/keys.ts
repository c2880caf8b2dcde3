import { areKeysOn, isTyping } from "../panels/panel-commands.ts";
import { movedRange, scaledRange, isFixed, type FixedRange } from "../time/time-range.ts";
import type { View } from "../time/view.ts";

/** What the keys of the page do, beside those of a panel and of a chart. */
export interface KeyActions {
  view: View;
  /** The range while nobody chose one. */
  ownMs: number;
  /** Opens the list of keys. */
  help: () => void;
  theme: () => void;
  kiosk: () => void;
  /** Goes to the dashboard at this place of the list. */
  dashboard: (index: number) => void;
  /** Runs what `slots.ts` has for the key; whether there was something. */
  slot: (key: string) => boolean;
}

const ZOOM = 2;
const PAN_SHARE = 0.5;

/** Listens for the page's keys; the result ends it. */
export function listenForKeys(actions: KeyActions): () => void {
  const listening = new AbortController();
  const press = (event: KeyboardEvent): void => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
    if (isTyping(event.target) || document.querySelector("dialog[open]") !== null) return;
    if (!areKeysOn() && event.key !== "?") return;
    if (
      event.key === " " &&
      event.target instanceof HTMLElement &&
      event.target.closest("button, a, input") !== null
    )
      return;
    if (!run(event.key, actions)) return;
    event.preventDefault();
  };
  document.addEventListener("keydown", press, listening);
  return () => listening.abort();
}

function run(key: string, actions: KeyActions): boolean {
  const { view } = actions;
  const simple: Record<string, () => void> = {
    " ": () => view.togglePaused(),
    n: () => view.follow(),
    r: () => document.querySelector<HTMLElement>("[data-key-target=range]")?.click(),
    "[": () => view.pan(movedRange(span(actions), -PAN_SHARE)),
    "]": () => view.pan(movedRange(span(actions), PAN_SHARE)),
    "+": () => zoom(actions, 1 / ZOOM),
    "=": () => zoom(actions, 1 / ZOOM),
    "-": () => zoom(actions, ZOOM),
    j: () => focusPanel(1),
    k: () => focusPanel(-1),
    d: actions.theme,
    w: actions.kiosk,
    "?": actions.help,
  };
  const act = simple[key];
  if (act !== undefined) act();
  else if (/^[1-9]$/.test(key)) actions.dashboard(Number(key) - 1);
  else return actions.slot(key);
  return true;
}

/** The span that the charts show. */
function span({ view, ownMs }: KeyActions): FixedRange {
  const range = view.range.value ?? { lastMs: ownMs };
  const nowMs = view.nowMs();
  return isFixed(range) ? range : { fromMs: nowMs - range.lastMs, toMs: nowMs };
}

function zoom(actions: KeyActions, factor: number): void {
  const shown = span(actions);
  actions.view.choose(scaledRange(shown, factor, (shown.fromMs + shown.toMs) / 2));
}

function focusPanel(by: 1 | -1): void {
  const panels = [...document.querySelectorAll<HTMLElement>("[data-panel]")];
  const at = panels.findIndex((panel) => panel.contains(document.activeElement));
  const next = panels[at < 0 ? (by > 0 ? 0 : panels.length - 1) : at + by];
  const chart = next?.querySelector<HTMLElement>("[role=slider], [tabindex='0']");
  (chart ?? next)?.focus();
  next?.scrollIntoView({ block: "nearest" });
}
