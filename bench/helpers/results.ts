import { mkdirSync, writeFileSync } from "node:fs";
import { cpus, totalmem } from "node:os";
import { join, resolve } from "node:path";
import { workerdVersion } from "./workerd.ts";

export const RESULTS_FOLDER = resolve(import.meta.dirname, "../results");

/** What a result was measured on. */
export interface Machine {
  cpu: string;
  cores: number;
  memoryGiB: number;
  platform: string;
  node: string;
  workerd: string;
}

export function machine(): Machine {
  const all = cpus();
  return {
    cpu: all[0]?.model.trim() ?? "unknown",
    cores: all.length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    platform: `${process.platform} ${process.arch}`,
    node: process.versions.node,
    workerd: workerdVersion(),
  };
}

/** Writes `results/{date}-{name}.json`; a later run of the same day takes the place of an earlier one. */
export function writeResult(name: string, result: object): string {
  const date = new Date().toISOString().slice(0, 10);
  mkdirSync(RESULTS_FOLDER, { recursive: true });
  const file = `${date}-${name}.json`;
  const body = { benchmark: name, date, machine: machine(), ...result };
  writeFileSync(join(RESULTS_FOLDER, file), `${JSON.stringify(body, undefined, 2)}\n`);
  return file;
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  const [low, high] = [sorted[Math.ceil(middle) - 1], sorted[Math.floor(middle)]];
  return ((low ?? Number.NaN) + (high ?? Number.NaN)) / 2;
}

/** To `digits` significant digits. */
export function rounded(value: number, digits = 3): number {
  return Number(value.toPrecision(digits));
}
