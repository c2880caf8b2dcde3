import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { changed, type History, historyOf, redone, undone } from "./history.ts";

describe("[U11] undo and redo", () => {
  it("[U11] a word that is typed is one step", () => {
    let history = historyOf("");
    for (const text of ["c", "cl", "cli"]) history = changed(history, text, "title");
    history = changed(history, "cli!", "other");
    expect(undone(history).present).toBe("cli");
    expect(undone(undone(history)).present).toBe("");
  });

  it("[U11] after an undo the same field begins a new step, and what was undone is gone", () => {
    let history = changed(historyOf("a"), "b", "t");
    history = changed(undone(history), "c", "t");
    expect([history.present, history.future]).toEqual(["c", []]);
    expect(undone(history).present).toBe("a");
  });

  it("[U11] undo and redo are each other's inverse, whatever was done", () => {
    const act = fc.oneof(
      fc.record({ value: fc.nat(), tag: fc.option(fc.constantFrom("a", "b"), { nil: undefined }) }),
      fc.constantFrom("undo" as const, "redo" as const),
    );
    fc.assert(
      fc.property(fc.array(act, { maxLength: 150 }), (acts) => {
        let history: History<object> = historyOf({});
        for (const each of acts) {
          if (each === "undo") history = undone(history);
          else if (each === "redo") history = redone(history);
          else history = changed(history, { value: each.value }, each.tag);
          expect(history.past.length).toBeLessThanOrEqual(100);
        }
        if (history.past.length > 0) expect(redone(undone(history)).present).toBe(history.present);
        if (history.future.length > 0) expect(undone(redone(history)).present).toBe(history.present);
      }),
    );
  });
});
