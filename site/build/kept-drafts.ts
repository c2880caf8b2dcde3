import { useLayoutEffect } from "preact/hooks";
import { DraftShelf, type KeptDraft } from "./draft-shelf.ts";

/** Who looks at another page meanwhile, or loads the page anew, finds them again. */
const SHELF = new DraftShelf(() => sessionStorage);
addEventListener("pagehide", () => SHELF.store());
// A phone may end a page that is not seen without a word.
addEventListener("visibilitychange", () => document.visibilityState === "hidden" && SHELF.store());

export function keptDraft(place: string): KeptDraft | undefined {
  return SHELF.get(place);
}

/** Keeps a draft while there is something in it that is not saved. */
export function useKeptDraft(place: string, draft: KeptDraft, isUnsaved: boolean): void {
  const { history, saved, bases, forms } = draft;
  // At once, and not after the next frame: the page may be left before that.
  useLayoutEffect(() => {
    if (isUnsaved) SHELF.put(place, draft);
    else SHELF.delete(place);
  }, [history, saved, bases, forms, isUnsaved]);
}

/** Keeps a draft by the address that it has from now on: what was new has got a name. The steps to undo go along. */
export function moveDraft(place: string, name: string, draft: KeptDraft): void {
  SHELF.delete(place);
  SHELF.put(name, draft);
}
