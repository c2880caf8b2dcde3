#!/usr/bin/env node
// The `freshet` command for whatever Node the machine has, 20 or newer. The command itself is TypeScript, which Node 24 runs
// as it is: this one where it is such a Node, else the one that package-lock.json pins.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";

const root = resolve(import.meta.dirname, "../..");
const command = join(import.meta.dirname, "freshet.ts");
const pinned = join(root, "node_modules", "node", "bin", process.platform === "win32" ? "node.exe" : "node");

if (Number.parseInt(process.versions.node, 10) >= 24) await import("./freshet.ts");
else if (existsSync(pinned)) handOver();
else {
  const ways = `run 'npm ci' in ${root} once, or use Node 24 or newer`;
  process.stderr.write(`freshet: it runs on Node 24, and this is ${process.versions.node}; ${ways}\n`);
  process.exitCode = 1;
}

function handOver() {
  const child = spawn(pinned, [command, ...process.argv.slice(2)], { stdio: "inherit" });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
  child.on("exit", (code, signal) => process.exit(code ?? (signal === "SIGINT" ? 130 : 1)));
}
