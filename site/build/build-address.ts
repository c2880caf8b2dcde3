/** What the address says of the builder. */
export interface BuildAddress {
  /** The dashboard's name; "": a new one. */
  place: string;
  /** The panel's index, or `new`; undefined: the grid. */
  panel: string | undefined;
}

/** Stands for a dashboard without a name: none is called so. */
const UNNAMED = "+";

/** `#/build`: a new dashboard. `#/build/{name}`: that one. `#/build/{name}/{index}`, `…/new`: one panel of it. */
export function buildAddress([name = "", panel]: readonly string[]): BuildAddress {
  return { place: name === UNNAMED ? "" : name, panel };
}

/** The fragment of an address. */
export function buildHref(place: string, panel?: number | string): string {
  if (panel === undefined) return place === "" ? "#/build" : `#/build/${encodeURIComponent(place)}`;
  return `#/build/${place === "" ? UNNAMED : encodeURIComponent(place)}/${panel}`;
}

/** The index of the panel that an address means, `"new"`, or undefined when there is none of it. */
export function panelAt(panel: string | undefined, panels: number): number | "new" | undefined {
  if (panel === "new") return panel;
  return panel !== undefined && /^\d+$/.test(panel) && Number(panel) < panels ? Number(panel) : undefined;
}
