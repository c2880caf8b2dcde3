import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import {
  existsSync,
  globSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join, resolve } from "node:path";
import { StartError } from "./supervisor.ts";

const ROOT = resolve(import.meta.dirname, "../..");
const BUILT = join(ROOT, "dist/site");
/** Beside the folder that is served, not in it. */
const STAMP = join(ROOT, "dist/site.sha256");
const SOURCES = [
  "site/**",
  "protocol/**",
  "client/browser/**",
  "client/live/**",
  "package-lock.json",
  "tools/server/site.ts",
];

/** Builds the dashboard when its sources changed since the last time. @returns whether it was built. */
export async function buildSite(say: (line: string) => void): Promise<boolean> {
  const wanted = hashSources();
  if (existsSync(join(BUILT, "index.html")) && existsSync(STAMP) && readFileSync(STAMP, "utf8") === wanted) {
    return false;
  }
  say("Building the dashboard …");
  mkdirSync(join(ROOT, "dist"), { recursive: true });
  // Another copy may be serving the old one, or building too: what is served is always whole.
  const fresh = `${BUILT}-${process.pid}`;
  const old = `${BUILT}-old-${process.pid}`;
  try {
    await viteBuild(fresh);
    if (existsSync(BUILT)) renameSync(BUILT, old);
    renameSync(fresh, BUILT);
    writeFileSync(STAMP, wanted);
  } finally {
    rmSync(fresh, { recursive: true, force: true });
    rmSync(old, { recursive: true, force: true });
  }
  return true;
}

function hashSources(): string {
  const hash = createHash("sha256");
  for (const path of globSync(SOURCES, { cwd: ROOT }).sort()) {
    const file = join(ROOT, path);
    if (statSync(file).isFile()) hash.update(path).update("\0").update(readFileSync(file));
  }
  return hash.digest("hex");
}

async function viteBuild(outDir: string): Promise<void> {
  const args = [join(ROOT, "node_modules/vite/bin/vite.js"), "build", "site", "--logLevel", "warn"];
  const child = spawn(process.execPath, [...args, "--outDir", outDir, "--emptyOutDir"], {
    cwd: ROOT,
    // Whoever builds it, a test run too: it is the same that is served.
    env: { ...process.env, NODE_ENV: "production" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => (output += text));
  }
  const code = await new Promise<number | null>((settle, reject) => {
    child.once("error", reject);
    child.once("close", settle);
  });
  if (code !== 0) throw new StartError(`The dashboard could not be built:\n${output.trim()}`);
}
