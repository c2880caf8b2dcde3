/** How the page is to look, as its address says. */
export interface PageOptions {
  /** For a screen on a wall: no header, the dashboard fills the screen. */
  kiosk: boolean;
  /** For a frame in another page: one panel, or the panels, without anything around. */
  embed: boolean;
  /** The one panel to show, by its place in the dashboard's list. */
  panel: number | undefined;
}

/** Reads `kiosk`, `embed` and `panel`. */
export function pageOptions(search: string): PageOptions {
  const params = new URLSearchParams(search);
  const panel = params.get("panel") ?? "";
  return {
    kiosk: isOn(params.get("kiosk")),
    embed: isOn(params.get("embed")),
    panel: /^\d{1,3}$/.test(panel) ? Number(panel) : undefined,
  };
}

/** `search` with one parameter set, or removed. */
export function searchWith(search: string, name: string, value: string | undefined): string {
  const params = new URLSearchParams(search);
  if (value === undefined) params.delete(name);
  else params.set(name, value);
  const text = params.toString().replaceAll("%3A", ":");
  return text === "" ? "" : `?${text}`;
}

function isOn(value: string | null): boolean {
  return value !== null && value !== "0" && value !== "false";
}
