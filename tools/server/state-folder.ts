import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { listProcesses } from "./process-tree.ts";
import { StartError } from "./supervisor.ts";

/** What one copy keeps on disk. Two servers on the same objects' state would ruin it, so one at a time holds the folder. */
export interface StateFolder {
  /** The Durable Objects' state. */
  objects: string;
  envFile: string;
  serverLog: string;
  /** Removes the file with the settings: it holds secrets. */
  forgetSettings(): void;
  release(): void;
}

/** @throws StartError when another running copy holds the folder. */
export function holdStateFolder(dir: string, url: string): StateFolder {
  mkdirSync(dir, { recursive: true });
  const holder = join(dir, "holder.json");
  // Two attempts: the first may find the file of a copy that was killed.
  for (let attempt = 0; ; attempt++) {
    try {
      writeFileSync(holder, JSON.stringify({ pid: process.pid, url }), { flag: "wx" });
      break;
    } catch (error) {
      if (attempt === 1 || !existsSync(holder)) throw error;
      const running = runningHolder(holder);
      if (running) {
        throw new StartError(
          `The state folder ${dir} is in use by the copy at ${running.url} (process ${running.pid}): ` +
            "stop that one, or name another folder with FRESHET_STATE",
        );
      }
      rmSync(holder, { force: true });
    }
  }
  const envFile = join(dir, "settings.env");
  return {
    objects: join(dir, "objects"),
    envFile,
    serverLog: join(dir, "server.log"),
    forgetSettings: () => rmSync(envFile, { force: true }),
    release: () => rmSync(holder, { force: true }),
  };
}

/** Writes the settings where wrangler reads them: a file of our own, since a command line is everybody's to see. */
export function writeEnvFile(file: string, settings: Record<string, string>): void {
  const lines = Object.entries(settings).map(([name, value]) => `${name}=${quote(name, value)}\n`);
  rmSync(file, { force: true });
  writeFileSync(file, lines.join(""), { mode: 0o600 });
}

// dotenv takes what stands in quotes as it is; after that, wrangler expands $NAME everywhere unless it is escaped.
function quote(name: string, value: string): string {
  const mark = ["'", '"', "`"].find((candidate) => !value.includes(candidate));
  if (mark === undefined || /[\r\n]/.test(value)) {
    throw new StartError(
      `${name} holds a line break or all three quotation marks; give it by --var or .dev.vars`,
    );
  }
  return mark + value.replaceAll("$", "\\$") + mark;
}

function runningHolder(file: string): { pid: number; url: string } | undefined {
  try {
    const { pid, url } = JSON.parse(readFileSync(file, "utf8")) as { pid: number; url: string };
    // A pid is used again after a while: it must be a copy of ours too.
    const running = listProcesses().find((entry) => entry.pid === pid);
    return running?.command.includes("start.ts") ? { pid, url } : undefined;
  } catch {
    return undefined;
  }
}
