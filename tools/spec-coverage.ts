// Every rule of SPEC.md has a test whose title begins with its id, and no test cites a rule that is not there.
import { globSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";

const ROOT = resolve(import.meta.dirname, "..");
const RULE = /^- \[([A-Z]\d+)\]/gm;
/** A title follows the call, or `.each(…)(`; the table of an `each` may lie between. */
const TITLE = /\b(?:describe|it|test)(?:\.\w+)*(?:\([^`'"]*?\))?\s*\(\s*["'`]((?:\[[A-Z]\d+\])+)/g;

/** What is wrong with a specification and the tests of it, a sentence each. */
export function coverageFaults(spec: string, tests: { path: string; text: string }[]): string[] {
  const rules = new Set(Array.from(spec.matchAll(RULE), ([, id = ""]) => id));
  const proven = new Set<string>();
  const faults: string[] = [];
  for (const { path, text } of tests) {
    for (const id of titleIds(text)) {
      proven.add(id);
      if (!rules.has(id)) faults.push(`${path} cites [${id}], which SPEC.md does not have`);
    }
  }
  for (const id of rules) if (!proven.has(id)) faults.push(`SPEC.md's [${id}] has no test`);
  return [...new Set(faults)];
}

/** The ids at the beginning of a file's test titles. */
export function titleIds(text: string): string[] {
  const ids: string[] = [];
  for (const [, brackets = ""] of text.matchAll(TITLE))
    for (const [id] of brackets.matchAll(/[A-Z]\d+/g)) ids.push(id);
  // The title of a table of cases stands after the table.
  for (const [, brackets = ""] of text.matchAll(/\)\(\s*["'`]((?:\[[A-Z]\d+\])+)/g)) {
    for (const [id] of brackets.matchAll(/[A-Z]\d+/g)) ids.push(id);
  }
  return ids;
}

/** Checks this repository. */
export function checkCoverage(): string[] {
  const paths = globSync("**/*.test.ts", {
    cwd: ROOT,
    exclude: (name) => /node_modules|^dist$|^\./.test(name),
  });
  const tests = paths.map((path) => ({ path, text: readFileSync(join(ROOT, path), "utf8") }));
  return coverageFaults(readFileSync(join(ROOT, "SPEC.md"), "utf8"), tests);
}

if (process.argv[1] === import.meta.filename) {
  const faults = checkCoverage();
  for (const fault of faults) process.stderr.write(`${fault}\n`);
  process.exitCode = faults.length > 0 ? 1 : 0;
}
