import { isObject } from "../../protocol/result.ts";
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

const STORAGE_KEY = "freshet.drafts";
/** Of what is stored: what another version of this page has left is not read. */
const FORMAT = 1;
/** To undo and to redo, of a draft that is stored. */
const STORED_STEPS = 20;

/** Drafts by the dashboard in the address; "": a new one. A tab's storage keeps them while the page is loaded anew. */
export class DraftShelf {
  readonly #drafts: Map<string, KeptDraft>;
  readonly #storage: () => Pick<Storage, "getItem" | "setItem" | "removeItem">;

  /** @param storage throws where the browser forbids it: then drafts last as long as the page. */
  constructor(storage: () => Pick<Storage, "getItem" | "setItem" | "removeItem">) {
    this.#storage = storage;
    this.#drafts = this.#stored();
  }

  get(place: string): KeptDraft | undefined {
    return this.#drafts.get(place);
  }

  put(place: string, draft: KeptDraft): void {
    this.#drafts.set(place, draft);
  }

  delete(place: string): void {
    this.#drafts.delete(place);
  }

  /** Before the page goes. */
  store(): void {
    try {
      if (this.#drafts.size === 0) return this.#storage().removeItem(STORAGE_KEY);
      const drafts = Array.from(this.#drafts, ([place, draft]) => [place, shortened(draft)]);
      this.#storage().setItem(STORAGE_KEY, JSON.stringify({ format: FORMAT, drafts }));
    } catch {
      // Forbidden, or full: the browser has asked whether the page is to be left.
    }
  }

  #stored(): Map<string, KeptDraft> {
    try {
      const kept: unknown = JSON.parse(this.#storage().getItem(STORAGE_KEY) ?? "null");
      if (isObject(kept) && kept["format"] === FORMAT)
        return new Map(kept["drafts"] as [string, KeptDraft][]);
    } catch {
      // Forbidden, or nothing that was stored here.
    }
    return new Map();
  }
}

function shortened(draft: KeptDraft): KeptDraft {
  const { past, present, future } = draft.history;
  return {
    ...draft,
    history: {
      past: past.slice(-STORED_STEPS),
      present,
      future: future.slice(0, STORED_STEPS),
      tag: undefined,
    },
  };
}
