// The only script that the machine's own Node runs (20 or newer). It installs what package-lock.json
// pins, Node 24 included, then hands over to a TypeScript tool run by that Node.
import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { delimiter, join, resolve } from "node:path";

const root = resolve(import.meta.dirname, "..");
const modules = join(root, "node_modules");
const stamp = join(modules, ".freshet-installed");

const [tool, ...args] = process.argv.slice(2);
if (!tool || !existsSync(join(root, "tools", `${tool}.ts`))) {
  process.stderr.write(`tools/run.mjs: no tool named '${tool ?? ""}' in tools/\n`);
  process.exit(2);
}

installWhenStale();
handOver();

function installWhenStale() {
  const wanted = createHash("sha256")
    .update(readFileSync(join(root, "package-lock.json")))
    .digest("hex");
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === wanted) return;
  process.stdout.write("Installing dependencies (npm ci), about half a minute the first time …\n");
  const npm = spawnSync("npm", ["ci", "--no-audit", "--no-fund", "--loglevel=error"], {
    cwd: root,
    stdio: ["ignore", "inherit", "inherit"],
    shell: process.platform === "win32",
  });
  if (npm.status !== 0) {
    process.stderr.write("npm ci failed: see the lines above; nothing was started.\n");
    process.exit(npm.status ?? 1);
  }
  writeFileSync(stamp, wanted);
}

function handOver() {
  const child = spawn(join(modules, "node", "bin", "node"), [join(root, "tools", `${tool}.ts`), ...args], {
    cwd: root,
    stdio: "inherit",
    env: { ...process.env, PATH: join(modules, ".bin") + delimiter + process.env.PATH },
  });
  // Ctrl-C reaches the tool twice, from the terminal and from here: its shutdown runs once all the same.
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
  endWithNpm(child);
  child.on("exit", (code, signal) => process.exit(code ?? (signal === "SIGINT" ? 130 : 1)));
}

// npm killed outright tells nobody. Without npm, who started us may well leave and expect us to go on.
function endWithNpm(child) {
  if (process.env.npm_lifecycle_event === undefined) return;
  const npm = process.ppid;
  setInterval(() => process.ppid === npm || child.kill("SIGTERM"), 500).unref();
}
