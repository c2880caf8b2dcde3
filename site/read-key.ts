import { shareTokenIn } from "./share-token.ts";

const STORAGE_KEY = "freshet.key";

/** The parts of `window` that a key is read from and kept in. */
export interface KeyPlaces {
  location: Pick<Location, "href">;
  /** By it what is read of the address from here on is without the key, too. */
  navigate: (href: string, replace: boolean) => void;
  /** Throws where the browser forbids storage; then the key lasts as long as the page. */
  storage: () => Pick<Storage, "getItem" | "setItem" | "removeItem">;
}

/** The key that the visitor brought: a share link's, which stays in the address; `?key=` in the address, which is removed from there, or one kept from before. */
export function takeKey({ location, navigate, storage }: KeyPlaces): string | undefined {
  const url = new URL(location.href);
  const shared = shareTokenIn(url.hash);
  if (shared !== undefined) return shared;
  const given = url.searchParams.get("key");
  if (given === null || given === "") return attempt(() => storage().getItem(STORAGE_KEY)) ?? undefined;
  attempt(() => storage().setItem(STORAGE_KEY, given));
  url.searchParams.delete("key");
  navigate(`${url.pathname}${url.search}${url.hash}`, true);
  return given;
}

/** Keeps a key for this tab, or forgets it. */
export function keepKey({ storage }: KeyPlaces, key: string | undefined): void {
  attempt(() =>
    key === undefined ? storage().removeItem(STORAGE_KEY) : storage().setItem(STORAGE_KEY, key),
  );
}

function attempt<T>(act: () => T): T | undefined {
  try {
    return act();
  } catch {
    return undefined;
  }
}
