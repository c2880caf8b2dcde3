import { threadCpuUsage } from "node:process";

/** What a call takes of its thread, ms: what else the machine does is not in it. */
export function cpuMsOf(call: () => void): number {
  const before = threadCpuUsage();
  call();
  const { user, system } = threadCpuUsage(before);
  return (user + system) / 1_000;
}
