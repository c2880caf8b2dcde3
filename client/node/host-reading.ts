import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { statfs } from "node:fs/promises";
import { cpus, freemem, loadavg, platform, totalmem } from "node:os";
import { parse } from "node:path";
import { cwd } from "node:process";
import { promisify } from "node:util";
import {
  parseNetstat,
  parseProcMounts,
  parseProcNetDev,
  parseProcStat,
  type CoreTimes,
  type InterfaceBytes,
} from "./host-counters.ts";

export interface DiskUse {
  path: string;
  usedBytes: number;
  /** What may still be written by those who are not root. */
  availableBytes: number;
}

/** This machine at one instant. What its system does not tell is empty. */
export interface HostReading {
  /** A clock that is never set, in milliseconds: for rates. */
  monotonicMs: number;
  cores: CoreTimes[];
  usedBytes: number;
  totalBytes: number;
  disks: DiskUse[];
  interfaces: InterfaceBytes[];
  /** Load averages over 1, 5 and 15 minutes. */
  load: number[];
}

const run = promisify(execFile);
const isLinux = platform() === "linux";

/** Reads this machine's counters. Files of /proc are read synchronously: they are memory, and a thread costs more. */
export async function readHost(): Promise<HostReading> {
  return {
    monotonicMs: performance.now(),
    cores: isLinux ? parseProcStat(readFileSync("/proc/stat", "utf8")) : coresElsewhere(),
    usedBytes: totalmem() - freemem(),
    totalBytes: totalmem(),
    disks: await readDisks(),
    interfaces: await readInterfaces(),
    load: platform() === "win32" ? [] : loadavg(),
  };
}

function coresElsewhere(): CoreTimes[] {
  return cpus().map(({ times }, index) => {
    const total = times.user + times.nice + times.sys + times.idle + times.irq;
    return { core: String(index), busy: total - times.idle, total };
  });
}

async function readDisks(): Promise<DiskUse[]> {
  const paths = isLinux
    ? parseProcMounts(readFileSync("/proc/mounts", "utf8")).map((mount) => mount.path)
    : [parse(cwd()).root];
  const uses = await Promise.all(paths.map((path) => readDisk(path).catch(() => undefined)));
  return uses.filter((use) => use !== undefined && use.usedBytes + use.availableBytes > 0) as DiskUse[];
}

async function readDisk(path: string): Promise<DiskUse> {
  const { blocks, bfree, bavail, bsize } = await statfs(path);
  return { path, usedBytes: (blocks - bfree) * bsize, availableBytes: bavail * bsize };
}

async function readInterfaces(): Promise<InterfaceBytes[]> {
  if (isLinux) return parseProcNetDev(readFileSync("/proc/net/dev", "utf8"));
  if (platform() !== "darwin") return []; // Windows tells it only to a tool that takes a second to start.
  const { stdout } = await run("netstat", ["-ibn"], { timeout: 2_000 }).catch(() => ({ stdout: "" }));
  return parseNetstat(stdout);
}
