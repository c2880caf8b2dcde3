import { describe, expect, it } from "vitest";
import type { Group, Series } from "../../protocol/series.ts";
import { DerivedChanges } from "./derived-changes.ts";

const series = (group: Group, t: number[], v: (number | null)[]): Series => ({
  group,
  t,
  v,
  s: t.map(() => 0),
});

describe("[L2] what has changed of a metric that is read from others", () => {
  it("[L2] are the points that were noted, null where they are no more, in the order of time", () => {
    const changes = new DerivedChanges();
    changes.note("m", [series({ g: "a" }, [1, 3], [5, null]), series({ g: "b" }, [2], [null])]);
    const changed = changes.take().get("m");
    expect(changed?.span).toEqual({ fromMs: 1, toMs: 3 });
    const read = [series({ g: "a" }, [1, 2], [7, 8]), series({ g: "c" }, [1], [9])];
    expect(changed?.of(read)).toEqual([
      series({ g: "a" }, [1, 3], [7, null]),
      series({ g: "b" }, [2], [null]),
    ]);
    expect(changes.isEmpty).toBe(true);
  });

  it("[L2] is every group that a coarser one is part of, or a closed window has", () => {
    const changes = new DerivedChanges();
    changes.note("m", [series({ g: "a" }, [1], [5])], { keys: 2, laterMs: 10 });
    changes.noteEnds("m", [12]);
    const read = [series({ g: "a", h: "x" }, [11, 12, 13], [1, 2, 3])];
    expect(changes.take().get("m")?.of(read)).toEqual([series({ g: "a", h: "x" }, [11, 12], [1, 2])]);
  });

  it("[L3] what could not be read is noted again, but for what has come meanwhile", () => {
    const changes = new DerivedChanges();
    const gone = series({ g: "a", h: "x" }, [1, 2], [null, null]);
    changes.note("m", [gone]);
    const taken = changes.take().get("m");
    changes.note("m", [series({ h: "x", g: "a" }, [2], [4])]);
    if (taken !== undefined) changes.noteAgain("m", taken);
    expect(changes.take().get("m")?.of([])).toEqual([series({ h: "x", g: "a" }, [1], [null])]);
  });

  it("[L3] is bounded while it cannot be read: a new picture takes its place", () => {
    const changes = new DerivedChanges();
    const ends = Array.from({ length: 60_000 }, (_, i) => i);
    const note = (g: string) => changes.note("m", [series({ g }, ends, ends)]);
    expect([note("a"), note("a"), note("b")]).toEqual([true, true, false]);
    expect(changes.isEmpty).toBe(true);
  });
});
