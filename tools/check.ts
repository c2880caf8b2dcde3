// npm run check: format, lint, types, tests.
import { spawnSync } from "node:child_process";
import { join, resolve } from "node:path";

const ROOT = resolve(import.meta.dirname, "..");
const NODE = process.execPath;

const STEPS: [name: string, command: string, args: string[]][] = [
  ["format", bin("oxfmt"), ["--check", "."]],
  ["lint", bin("oxlint"), ["--type-aware", "--deny-warnings"]],
  ["types", bin("tsc"), ["--build"]],
  ["tests", NODE, [join(ROOT, "tools/test.ts")]],
];

const wanted = process.argv.includes("--no-tests") ? STEPS.slice(0, -1) : STEPS;
for (const [name, command, args] of wanted) {
  process.stdout.write(`── ${name}\n`);
  const { status } = spawnSync(command, args, { cwd: ROOT, stdio: "inherit" });
  if (status === 0) continue;
  process.stderr.write(`npm run check: ${name} failed\n`);
  process.exit(status ?? 1);
}

function bin(name: string): string {
  return join(ROOT, "node_modules/.bin", name);
}
