import { useEffect } from "preact/hooks";
import type { Dashboard } from "../../protocol/dashboard.ts";
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

/** What was new has an address of its own from now on; the steps to undo go along. */
export function moveNewDraft(draft: KeptDraft, stored: Dashboard): void {
  KEPT.set(stored.name, draft);
  KEPT.delete("");
}
