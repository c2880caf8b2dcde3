import { isShareLink } from "./share-token.ts";
import { Store } from "./store.ts";

/** The dashboard that a path names, or undefined for the first one. */
export function dashboardInPath(pathname: string): string | undefined {
  const match = /^\/d\/([^/]+)\/?$/.exec(pathname);
  return match?.[1] === undefined ? undefined : decoded(match[1]);
}

/** The address of a dashboard. */
export function dashboardPath(name: string): string {
  return `/d/${encodeURIComponent(name)}`;
}

/** The parts of a fragment such as `#/build/ads/3`: `["build", "ads", "3"]`. Empty when it names no page. */
export function fragmentParts(hash: string): string[] {
  if (!hash.startsWith("#/")) return [];
  return hash
    .slice(2)
    .split("/")
    .filter((part) => part !== "")
    .map(decoded);
}

/** The page's path, query and fragment, kept in step with the browser's history. */
export const path = new Store(location.pathname);
export const search = new Store(location.search);
export const fragment = new Store(location.hash);
addEventListener("popstate", readLocation);
addEventListener("hashchange", readLocation);

/**
 * Goes to `href` without loading the page again; `replace` leaves no step to go back to. The browser's history remembers
 * from where each step was taken.
 */
export function navigate(href: string, replace = false): void {
  const kept = sharedHref(href);
  if (replace) history.replaceState(history.state, "", kept);
  else history.pushState({ from: location.href }, "", kept);
  readLocation();
}

/** An address as it is within a share link's page: with its token. */
export function sharedHref(href: string): string {
  const { hash } = location;
  return isShareLink(hash) && !href.includes("#") ? href + hash : href;
}

/** Follows a link by {@link navigate}; leaves clicks that ask for a new tab to the browser. */
export function followLink(event: MouseEvent, href: string): void {
  if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  event.preventDefault();
  navigate(href);
}

function readLocation(): void {
  path.set(location.pathname);
  search.set(location.search);
  fragment.set(location.hash);
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
