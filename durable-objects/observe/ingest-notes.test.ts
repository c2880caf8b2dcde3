import { describe, expect, it } from "vitest";
import type { RejectedExample } from "../../protocol/observe.ts";
import { IngestNotes } from "./ingest-notes.ts";

function example(reason: string, atMs: number): RejectedExample {
  return { reason, message: "m".repeat(5_000), sample: "s".repeat(240), atMs };
}

describe("[U10] what a batcher keeps of refused events", () => {
  it("[U10] is the newest five of each reason, and all counts", () => {
    const notes = new IngestNotes();
    for (let i = 1; i <= 20; i++) {
      notes.rejected("p", { name: 2, ts: 1 }, [example("name", i), example("ts", i)], 1_000 + i);
    }
    const kept = notes.notesOf("p");
    expect(kept).toMatchObject({ sinceMs: 1_001, rejectedByReason: { name: 40, ts: 20 } });
    const times = kept?.examples.filter(({ reason }) => reason === "name").map(({ atMs }) => atMs);
    expect(times).toEqual([16, 17, 18, 19, 20]);
  });

  it("[U10] is of fifty projects, the one silent the longest forgotten, and fits one row of SQLite", () => {
    const notes = new IngestNotes();
    const reasons = Array.from({ length: 14 }, (_, i) => `reason-${i}`);
    for (let p = 0; p < 60; p++) {
      for (let i = 0; i < 5; i++) {
        const examples = reasons.map((reason) => example(reason, i));
        notes.rejected(`p${p}`, Object.fromEntries(reasons.map((reason) => [reason, 1])), examples, i);
      }
      notes.repeated("p0", 1);
    }
    expect(notes.notesOf("p0")?.repeatedBatches).toBe(60);
    expect(notes.notesOf("p1")).toBeUndefined();
    expect(notes.notesOf("p59")).toBeDefined();
    expect(notes.encode()).toHaveLength(50);
    expect(JSON.stringify(notes.encode()).length).toBeLessThan(2_000_000);
  });

  it("[U10] goes on from what was stored", () => {
    const notes = new IngestNotes();
    notes.rejected("p", { name: 1 }, [example("name", 1)], 5);
    const again = new IngestNotes(structuredClone(notes.encode()));
    again.rejected("p", { name: 1 }, [], 9);
    expect(again.notesOf("p")).toMatchObject({ sinceMs: 5, rejectedByReason: { name: 2 } });
  });
});
