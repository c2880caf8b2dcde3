/** What can be done with a panel, from its menu or by a key. */
export interface PanelCommands {
  /** The points as a table in the chart's place. */
  asTable: { on: boolean; toggle: () => void };
  /** Shows it alone, or all panels again; absent where there is no way back. */
  enlarge: (() => void) | undefined;
  export: (format: "csv" | "png") => Promise<void>;
}

/** Runs what a key means while the focus is in a panel. */
export function panelKeys(event: KeyboardEvent, commands: PanelCommands): void {
  if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
  const act = keyed(event.key, commands, event.currentTarget);
  if (act === undefined || !areKeysOn()) return;
  event.preventDefault();
  event.stopPropagation();
  act();
}

function keyed(key: string, commands: PanelCommands, panel: EventTarget | null): (() => unknown) | undefined {
  switch (key) {
    case "v":
      return commands.asTable.toggle;
    case "f":
      return commands.enlarge;
    case "c":
      return () => commands.export("csv");
    case "i":
      return () => commands.export("png");
    case "m":
      return () => (panel as HTMLElement).querySelector<HTMLElement>("[data-key-target=menu]")?.click();
    default:
      return undefined;
  }
}

const TYPED_INTO = "input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]";

/** Whether keys go to a field. A box to tick takes only the space bar, and may have the focus a moment longer than it is seen. */
export function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.closest(TYPED_INTO) !== null;
}

const STORAGE_KEY = "freshet.keys";

/** Whether single keys are commands: who speaks to the computer may have to switch them off (WCAG 2.1.4). */
export function areKeysOn(): boolean {
  try {
    return localStorage.getItem(STORAGE_KEY) !== "off";
  } catch {
    return true;
  }
}

export function switchKeys(on: boolean): void {
  try {
    if (on) localStorage.removeItem(STORAGE_KEY);
    else localStorage.setItem(STORAGE_KEY, "off");
  } catch {
    // Storage is forbidden: they stay on.
  }
}
