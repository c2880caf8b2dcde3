import { copyFileSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { bareConfig } from "./bundle.ts";
import { processCpuMs } from "./cpu.ts";
import type { EventBody } from "./events.ts";
import { type Server, startWorkerd } from "./workerd.ts";

/** A request to the parser takes about this long. */
const SLICE_EVENTS = 200_000;

/** A workerd that only parses: what the whole path is held against. */
export function startParser(dir: string): Promise<Server> {
  mkdirSync(dir, { recursive: true });
  copyFileSync(join(import.meta.dirname, "parse-worker.js"), join(dir, "main.js"));
  return startWorkerd({ dir, config: bareConfig });
}

/** CPU microseconds for each event of a bare `JSON.parse` of these bodies in workerd. */
export async function parseInWorkerd(
  server: Server,
  bodies: EventBody[],
  leastCpuMs: number,
): Promise<number> {
  const texts = bodies.map(({ bytes }) => bytes.toString());
  const eventsEachRound = bodies.reduce((sum, { events }) => sum + events, 0);
  const times = Math.max(1, Math.round(SLICE_EVENTS / eventsEachRound));
  const body = JSON.stringify(texts);
  const startMs = processCpuMs(server.pid);
  let events = 0;
  while (processCpuMs(server.pid) - startMs < leastCpuMs) {
    const response = await fetch(`${server.url}/?times=${times}`, { method: "POST", body });
    if (!response.ok) throw new Error(`the parser answered ${response.status}`);
    const { parsed } = (await response.json()) as { parsed: number };
    if (parsed <= 0) throw new Error("the parser parsed nothing");
    events += times * eventsEachRound;
  }
  return ((processCpuMs(server.pid) - startMs) * 1_000) / events;
}

/** The same in this Node, for reference. */
export function parseInNode(bodies: EventBody[], leastCpuMs: number): number {
  const texts = bodies.map(({ bytes }) => bytes.toString());
  const start = process.cpuUsage();
  const cpuMs = (): number => {
    const { user, system } = process.cpuUsage(start);
    return (user + system) / 1_000;
  };
  let events = 0;
  while (cpuMs() < leastCpuMs) {
    for (const [index, text] of texts.entries()) {
      JSON.parse(text);
      events += bodies[index]?.events ?? 0;
    }
  }
  return (cpuMs() * 1_000) / events;
}
