import { Store } from "./store.ts";

/** The dashboard that a path names, or undefined for the first one. */
export function dashboardInPath(pathname: string): string | undefined {
  const match = /^\/d\/([^/]+)\/?$/.exec(pathname);
  if (match?.[1] === undefined) return undefined;
  return decoded(match[1]);
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** The address of a dashboard. */
export function dashboardPath(name: string): string {
  return `/d/${encodeURIComponent(name)}`;
}

/** The page's path, kept in step with the browser's history. */
export const path = new Store(location.pathname);
addEventListener("popstate", () => {
  path.set(location.pathname);
  fragment.set(location.hash);
});

/** The page's fragment, `#/events` say, kept in step likewise. */
export const fragment = new Store(location.hash);
addEventListener("hashchange", () => fragment.set(location.hash));

/** The parts of a fragment such as `#/build/ads/3`: `["build", "ads", "3"]`. Empty when it names no page. */
export function fragmentParts(hash: string): string[] {
  if (!hash.startsWith("#/")) return [];
  return hash
    .slice(2)
    .split("/")
    .filter((part) => part !== "")
    .map(decoded);
}

/** Goes to `href` without loading the page again; leaves clicks that ask for a new tab to the browser. */
export function followLink(event: MouseEvent, href: string): void {
  if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  event.preventDefault();
  history.pushState(null, "", href);
  path.set(location.pathname);
  fragment.set(location.hash);
}
