import { Store } from "./store.ts";

export type Theme = "light" | "dark";

const STORAGE_KEY = "freshet.theme";
const systemDark = matchMedia("(prefers-color-scheme: dark)");

/** What the charts are painted with: canvas knows no CSS variables. */
export interface Palette {
  series: string[];
  surface: string;
  text: string;
  muted: string;
  grid: string;
  warning: string;
  critical: string;
  /** From the least to the greatest. */
  heat: string[];
  font: string;
}

/** The theme in force: the visitor's choice, else the system's. */
export const theme = new Store<Theme>(chosen() ?? system());
systemDark.addEventListener("change", () => {
  if (chosen() === undefined) theme.set(system());
});

/** Changes over. Back at the system's own theme, the choice is forgotten and the page follows the system again. */
export function toggleTheme(): void {
  const next: Theme = theme.value === "dark" ? "light" : "dark";
  const root = document.documentElement;
  if (next === system()) delete root.dataset["theme"];
  else root.dataset["theme"] = next;
  try {
    if (next === system()) localStorage.removeItem(STORAGE_KEY);
    else localStorage.setItem(STORAGE_KEY, next);
  } catch {
    // Storage is forbidden: the choice lasts as long as the page.
  }
  theme.set(next);
}

/** The colours in force, from the style sheet. */
export function readPalette(): Palette {
  const style = getComputedStyle(document.documentElement);
  const read = (name: string): string => style.getPropertyValue(name).trim();
  return {
    series: Array.from({ length: SERIES_COLORS }, (_, i) => read(`--series-${i + 1}`)),
    surface: read("--surface"),
    text: read("--text"),
    muted: read("--text-muted"),
    grid: read("--grid"),
    warning: read("--stale"),
    critical: read("--lost"),
    heat: Array.from({ length: HEAT_LEVELS }, (_, i) => read(`--heat-${i + 1}`)),
    font: `11px ${getComputedStyle(document.body).fontFamily}`,
  };
}

/** Colours before they come again; the last is grey. */
export const SERIES_COLORS = 12;
const HEAT_LEVELS = 8;

function system(): Theme {
  return systemDark.matches ? "dark" : "light";
}

/**
 * The choice made before. `public/theme.js` has put it on the root before the first paint, so that it does not flash: a file of its own,
 * as the page allows no inline script, and loaded as it is written, so that more is not said there. `?theme=` is for pages that embed a
 * panel, and lasts as long as the page.
 */
function chosen(): Theme | undefined {
  const value = document.documentElement.dataset["theme"];
  return value === "dark" || value === "light" ? value : undefined;
}
