import { Store } from "./store.ts";

/** The dashboard that a path names, or undefined for the first one. */
export function dashboardInPath(pathname: string): string | undefined {
  const match = /^\/d\/([^/]+)\/?$/.exec(pathname);
  if (match?.[1] === undefined) return undefined;
  try {
    return decodeURIComponent(match[1]);
  } catch {
    return match[1];
  }
}

/** The address of a dashboard. */
export function dashboardPath(name: string): string {
  return `/d/${encodeURIComponent(name)}`;
}

/** The page's path, kept in step with the browser's history. */
export const path = new Store(location.pathname);
addEventListener("popstate", () => path.set(location.pathname));

/** Goes to `href` without loading the page again; leaves clicks that ask for a new tab to the browser. */
export function followLink(event: MouseEvent, href: string): void {
  if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  event.preventDefault();
  history.pushState(null, "", href);
  path.set(href);
}
