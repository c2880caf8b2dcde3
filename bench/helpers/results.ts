import { mkdirSync, writeFileSync } from "node:fs";
import { cpus, totalmem } from "node:os";
import { join, resolve } from "node:path";
import { workerdVersion } from "./workerd.ts";

export const RESULTS_FOLDER = resolve(import.meta.dirname, "../results");

/** What a result was measured on. */
interface Machine {
  cpu: string;
  cores: number;
  memoryGiB: number;
  platform: string;
  node: string;
  workerd: string;
}

function machine(): Machine {
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

/** What every result carries. */
export interface Recorded {
  benchmark: string;
  date: string;
  machine: Machine;
}

/** Writes `results/{date}-{name}.json`; a later run of the same day takes the place of an earlier one. */
export function writeResult(name: string, result: object): string {
  const date = new Date().toISOString().slice(0, 10);
  mkdirSync(RESULTS_FOLDER, { recursive: true });
  const file = `${date}-${name}.json`;
  const recorded: Recorded = { benchmark: name, date, machine: machine() };
  const text = JSON.stringify({ ...recorded, ...result }, undefined, 2);
  writeFileSync(join(RESULTS_FOLDER, file), `${text}\n`);
  return file;
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** Between two neighbours by their distance. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const place = (sorted.length - 1) * share;
  const low = sorted[Math.floor(place)] ?? Number.NaN;
  const high = sorted[Math.ceil(place)] ?? Number.NaN;
  return low + (high - low) * (place - Math.floor(place));
}

/** To `digits` significant digits. */
export function rounded(value: number, digits = 3): number {
  return Number(value.toPrecision(digits));
}
