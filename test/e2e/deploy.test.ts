import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { expect, it } from "vitest";

const ROOT = resolve(import.meta.dirname, "../..");
/** KiB of the gzipped Worker; kafkajs is a quarter of it, PromQL with RE2 another. The platform's bound is 10 MiB, but a start must stay short. */
const MOST_KIB = 400;

it("[O6] wrangler deploy --dry-run passes, and the Worker stays small", () => {
  const out = mkdtempSync(join(tmpdir(), "freshet-deploy-"));
  mkdirSync(join(ROOT, "dist/site"), { recursive: true });
  const wrangler = join(ROOT, "node_modules/wrangler/wrangler-dist/cli.js");
  const args = ["--no-warnings", wrangler, "deploy", "--dry-run", "--outdir", out];
  const env = { ...process.env, WRANGLER_SEND_METRICS: "false", NO_COLOR: "1" };
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: ROOT, encoding: "utf8", env });
  rmSync(out, { recursive: true, force: true });
  if (status !== 0) throw new Error(`wrangler deploy --dry-run: ${status}\n${stdout}${stderr}`);
  const kib = Number(/gzip: ([\d.]+) KiB/.exec(stdout)?.[1]);
  expect(kib).toBeGreaterThan(10);
  expect(kib).toBeLessThan(MOST_KIB);
});
