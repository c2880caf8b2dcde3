// npm test: the specification's coverage, pure tests, tests in workerd, tests of the whole system.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { checkCoverage } from "./spec-coverage.ts";

const ROOT = resolve(import.meta.dirname, "..");
const PARTS = ["pure", "workerd", "e2e"] as const;

interface Counts {
  passed: number;
  failed: number;
  skipped: number;
}

const asked = process.argv.slice(2).filter((word) => !word.startsWith("-"));
const unknown = asked.find((part) => !PARTS.some((name) => name === part));
if (unknown !== undefined) {
  process.stderr.write(`npm test: there is no part '${unknown}'; expected ${PARTS.join(", ")}\n`);
  process.exit(2);
}

const total: Counts = { passed: 0, failed: 0, skipped: 0 };
const faults = checkCoverage();
for (const fault of faults) process.stderr.write(`${fault}\n`);
total[faults.length === 0 ? "passed" : "failed"]++;

for (const part of asked.length > 0 ? asked : PARTS) {
  const counts = runPart(part);
  total.passed += counts.passed;
  total.failed += counts.failed;
  total.skipped += counts.skipped;
}

const skipped = total.skipped > 0 ? `, ${total.skipped} skipped` : "";
process.stdout.write(`\n${total.passed} passed, ${total.failed} failed${skipped}\n`);
process.exitCode = total.failed > 0 ? 1 : 0;

/** Runs one project of vitest.config.ts. A run that ends without a report, or in error, counts as a failure. */
function runPart(part: string): Counts {
  process.stdout.write(`── ${part}\n`);
  const folder = mkdtempSync(join(tmpdir(), "freshet-test-"));
  const report = join(folder, "report.json");
  const vitest = join(ROOT, "node_modules/vitest/vitest.mjs");
  const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${report}`];
  const { status } = spawnSync(process.execPath, [vitest, "run", "--project", part, ...reporters], {
    cwd: ROOT,
    stdio: ["ignore", "inherit", "inherit"],
  });
  try {
    const counts = readCounts(report);
    if (status !== 0 && counts.failed === 0) counts.failed = 1;
    return counts;
  } catch {
    return { passed: 0, failed: 1, skipped: 0 };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function readCounts(report: string): Counts {
  const { numPassedTests, numFailedTests, numPendingTests } = JSON.parse(readFileSync(report, "utf8")) as {
    numPassedTests: number;
    numFailedTests: number;
    numPendingTests: number;
  };
  return { passed: numPassedTests, failed: numFailedTests, skipped: numPendingTests };
}
