import { describe, expect, it } from "vitest";
import { DraftShelf, type KeptDraft } from "./draft-shelf.ts";
import { newDraft } from "./draft.ts";
import { changed, historyOf } from "./history.ts";

/** A tab's storage. */
function tab() {
  const kept = new Map<string, string>();
  return {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, text: string) => void kept.set(key, text),
    removeItem: (key: string) => void kept.delete(key),
    kept,
  };
}

function draftOf(...titles: string[]): KeptDraft {
  const drafts = titles.map((title) => ({
    ...newDraft([]),
    dashboard: { ...newDraft([]).dashboard, title },
  }));
  const [first = newDraft([]), ...rest] = drafts;
  let history = historyOf(first);
  for (const draft of rest) history = changed(history, draft, draft);
  return { history, saved: "", bases: { dashboard: undefined, metrics: {} }, forms: {} };
}

describe("[U11] drafts that are not saved", () => {
  it("[U11] are there again after the page is loaded anew, with their newest steps, until they are saved", () => {
    const storage = tab();
    const shelf = new DraftShelf(() => storage);
    shelf.put("", draftOf(...Array.from({ length: 60 }, (_, i) => `t${i}`)));
    shelf.put("shop", draftOf("Shop"));
    shelf.store();
    const again = new DraftShelf(() => storage);
    const { past, present, tag } = again.get("")?.history ?? historyOf(newDraft([]));
    expect([present.dashboard.title, past.at(-1)?.dashboard.title, past.length, tag]).toEqual([
      "t59",
      "t58",
      20,
      undefined,
    ]);
    expect(again.get("shop")?.history.present.dashboard.title).toBe("Shop");
    again.delete("");
    again.delete("shop");
    again.store();
    expect(storage.kept.size).toBe(0);
  });

  it.each(["{", "null", '{"format":0,"drafts":[["",{}]]}', '{"format":1}', '{"format":1,"drafts":7}'])(
    "[U11] %s in their place is not read",
    (text) => {
      const storage = tab();
      storage.kept.set("freshet.drafts", text);
      expect(new DraftShelf(() => storage).get("")).toBeUndefined();
    },
  );

  it("[U11] last as long as the page where there is no storage", () => {
    const shelf = new DraftShelf(() => {
      throw new Error("forbidden");
    });
    shelf.put("a", draftOf("A"));
    shelf.store();
    expect(shelf.get("a")).toBeDefined();
  });
});
