import { readFileSync } from "node:fs";

/** The kernel's unit in `/proc`: 100 a second on every Linux that we meet. */
const TICK_MS = 10;

/** A measurement during which others took more of the CPUs than this is marked as noisy. */
export const QUIET_SHARE = 0.1;

/** CPU time of a process so far with all its threads, user and system, in milliseconds. Steps of 10 ms. */
export function processCpuMs(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  // The second field is the name in parentheses, which may hold blanks; utime and stime are fields 14 and 15.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
}

/** CPU time of this process so far with all its threads, user and system, in microseconds. */
export function cpuUs(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}

/** What else went on while something was measured. */
export interface Disturbance {
  /** Share of the time in which some task waited for a CPU: PSI `some`, our own load included. */
  psiSome: number;
  /** Share of all CPUs that processes of others, the kernel's own work and the hypervisor took. */
  othersCpu: number;
}

interface MachineCpu {
  atMs: number;
  stalledUs: number;
  busyMs: number;
  ownMs: number;
}

/** Watches the machine between two moments; `pids` are the processes that belong to the measurement. */
export class DisturbanceWatch {
  readonly #pids: number[];
  readonly #start: MachineCpu;

  constructor(pids: number[]) {
    this.#pids = pids;
    this.#start = readMachine(pids);
  }

  end(): Disturbance {
    const end = readMachine(this.#pids);
    const wallMs = end.atMs - this.#start.atMs;
    const others = end.busyMs - this.#start.busyMs - (end.ownMs - this.#start.ownMs);
    return {
      psiSome: round((end.stalledUs - this.#start.stalledUs) / 1_000 / wallMs),
      othersCpu: round(Math.max(0, others) / wallMs / cpuCount()),
    };
  }
}

function readMachine(pids: number[]): MachineCpu {
  return {
    atMs: performance.now(),
    stalledUs: Number(/^some .*total=(\d+)/.exec(readFileSync("/proc/pressure/cpu", "utf8"))?.[1] ?? 0),
    busyMs: busyMs(),
    ownMs: pids.reduce((sum, pid) => sum + processCpuMs(pid), cpuUs() / 1_000),
  };
}

/** User, nice, system, interrupts and stolen time; idle and waiting for disks are left out. */
function busyMs(): number {
  const [line = ""] = readFileSync("/proc/stat", "utf8").split("\n", 1);
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0, steal = 0] = line
    .split(/\s+/)
    .slice(1)
    .map(Number);
  return (user + nice + system + irq + softirq + steal) * TICK_MS;
}

function cpuCount(): number {
  return readFileSync("/proc/stat", "utf8").match(/^cpu\d/gm)?.length ?? 1;
}

function round(share: number): number {
  return Math.round(share * 1_000) / 1_000;
}
