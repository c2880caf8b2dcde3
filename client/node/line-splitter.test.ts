import fc from "fast-check";
import { expect, test } from "vitest";
import { LineSplitter } from "./line-splitter.ts";

test("[I8] lines come out the same however the bytes are cut", () => {
  const line = fc.string({ unit: "binary", maxLength: 20 }).map((text) => text.replaceAll(/[\r\n]/g, ""));
  fc.assert(
    fc.property(
      fc.array(line),
      fc.array(fc.integer({ min: 1, max: 7 })),
      fc.boolean(),
      (lines, cuts, ended) => {
        const bytes = Buffer.from(lines.join("\n") + (ended ? "\n" : ""));
        const splitter = new LineSplitter(1_000);
        const found: string[] = [];
        let from = 0;
        for (const length of [...cuts, bytes.length]) {
          found.push(...splitter.push(bytes.subarray(from, from + length)));
          from += length;
        }
        found.push(...splitter.end());
        expect(found).toEqual(lines.filter((text) => text !== ""));
      },
    ),
  );
});

test("[I8] line ends of Windows are taken off", () => {
  expect(new LineSplitter(100).push(Buffer.from("a\r\n\r\nb\r\n"))).toEqual(["a", "b"]);
});

test("[I8] an endless line is left out and counted, and costs no more than its bound", () => {
  let overlong = 0;
  const splitter = new LineSplitter(10, () => overlong++);
  for (let i = 0; i < 100; i++) expect(splitter.push(Buffer.alloc(1_000, "x"))).toEqual([]);
  expect(splitter.push(Buffer.from("x\nshort\n"))).toEqual(["short"]);
  expect(overlong).toBe(1);
});

test("[I8] keeps no hold of the reader's buffer", () => {
  const splitter = new LineSplitter(100);
  const chunk = Buffer.from("half");
  splitter.push(chunk);
  chunk.fill("z");
  expect(splitter.push(Buffer.from(" a line\n"))).toEqual(["half a line"]);
});
