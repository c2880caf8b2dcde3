import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";

export interface ProcessEntry {
  pid: number;
  parent: number;
  group: number;
  command: string;
}

/** Every running process; zombies, which only wait to be collected, are left out. */
export function listProcesses(): ProcessEntry[] {
  return process.platform === "linux" ? fromProc() : fromPs();
}

/** The running descendants of a process, itself left out. */
export function descendants(pid: number, all: ProcessEntry[] = listProcesses()): ProcessEntry[] {
  const children = all.filter((entry) => entry.parent === pid);
  return children.flatMap((child) => [child, ...descendants(child.pid, all)]);
}

// Small images have no ps; every Linux has /proc.
function fromProc(): ProcessEntry[] {
  const entries: ProcessEntry[] = [];
  for (const name of readdirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const stat = readFileSync(`/proc/${name}/stat`, "utf8");
      // The second field is the program's name in parentheses and may itself hold spaces and parentheses.
      const [state, parent, group] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      if (state === "Z" || state === "X") continue;
      const command = readFileSync(`/proc/${name}/cmdline`, "utf8").replaceAll("\0", " ").trim();
      entries.push({ pid: Number(name), parent: Number(parent), group: Number(group), command });
    } catch {
      // It ended while we read.
    }
  }
  return entries;
}

function fromPs(): ProcessEntry[] {
  const { stdout } = spawnSync("ps", ["-axww", "-o", "pid=,ppid=,pgid=,state=,command="], {
    encoding: "utf8",
  });
  return stdout.split("\n").flatMap((line) => {
    const match = /^\s*(\d+)\s+(\d+)\s+(\d+)\s+(\S+)\s+(.*)$/.exec(line);
    if (!match || match[4]?.startsWith("Z")) return [];
    const [, pid, parent, group, , command = ""] = match;
    return [{ pid: Number(pid), parent: Number(parent), group: Number(group), command }];
  });
}
