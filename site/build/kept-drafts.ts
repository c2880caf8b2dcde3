import { useEffect } from "preact/hooks";
import type { Draft } from "./draft.ts";
import type { History } from "./history.ts";
import type { OpenForm } from "./panel-editor.tsx";
import type { Bases } from "./save.ts";

/** All that is not saved of one dashboard. */
export interface KeptDraft {
  history: History<Draft>;
  /** The draft's dashboard as JSON when it was last saved; "": never. */
  saved: string;
  bases: Bases;
  /** Forms with changes, by the panel's place in the address. */
  forms: Readonly<Record<string, OpenForm>>;
}

/** By the dashboard in the address; "": a new one. Who looks at another page meanwhile finds them again. */
const KEPT = new Map<string, KeptDraft>();

export function keptDraft(place: string): KeptDraft | undefined {
  return KEPT.get(place);
}

/** Keeps a draft while there is something in it that is not saved. */
export function useKeptDraft(place: string, draft: KeptDraft, isUnsaved: boolean): void {
  const { history, saved, bases, forms } = draft;
  useEffect(() => {
    if (isUnsaved) KEPT.set(place, draft);
    else KEPT.delete(place);
  }, [history, saved, bases, forms, isUnsaved]);
}

/** Keeps a draft by the address that it has from now on: what was new has got a name. The steps to undo go along. */
export function moveDraft(place: string, name: string, draft: KeptDraft): void {
  KEPT.delete(place);
  KEPT.set(name, draft);
}
