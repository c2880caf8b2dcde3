import type { Readable } from "node:stream";
import type { QueueStats } from "../core/batch-queue.ts";
import type { AgentOptions } from "./agent-options.ts";
import { BatchingSender } from "./batching-sender.ts";
import { followFile } from "./follow-file.ts";
import { sendHostMetrics } from "./host-metrics.ts";
import { eventOfLine } from "./line-event.ts";
import { LineSplitter } from "./line-splitter.ts";

const MAX_LINE_BYTES = 128 * 1024;

export interface AgentSurroundings {
  stdin: Readable;
  /** Ends all sources; what they gave is still sent. */
  signal: AbortSignal;
  onProblem: (message: string) => void;
}

/** Runs the sources until they end or `signal` aborts, sends what is left, and says what became of the events. */
export async function runAgent(options: AgentOptions, around: AgentSurroundings): Promise<QueueStats> {
  const { url, key, intervalMs, eventName } = options;
  const { signal, onProblem } = around;
  const sender = new BatchingSender({ url, key, onProblem });
  // Lines wait in their file or pipe while the queue is half full; only samples, which cannot wait, are ever dropped.
  const sendLines = async (lines: AsyncIterable<string>) => {
    for await (const line of lines) {
      const event = eventOfLine(line, eventName, Date.now());
      if (event) sender.send(event);
      await sender.room(signal);
    }
  };
  const splitter = () =>
    new LineSplitter(MAX_LINE_BYTES, () => {
      sender.drop();
      onProblem(`dropped a line of more than ${MAX_LINE_BYTES} bytes`);
    });
  const sources: Promise<void>[] = [];
  if (options.hostMetrics) {
    sources.push(sendHostMetrics({ intervalMs, signal, send: (event) => sender.send(event) }));
  }
  if (options.stdin) sources.push(sendLines(linesOf(around.stdin, signal, splitter())));
  for (const path of options.tail)
    sources.push(sendLines(followFile(path, { signal, splitter: splitter() })));
  try {
    await Promise.all(sources);
  } finally {
    await sender.close();
  }
  return sender.stats();
}

async function* linesOf(
  input: Readable,
  signal: AbortSignal,
  splitter: LineSplitter,
): AsyncGenerator<string> {
  const stop = () => input.destroy();
  signal.addEventListener("abort", stop);
  try {
    for await (const chunk of input) yield* splitter.push(chunk as Buffer);
  } catch (error) {
    if (!signal.aborted) throw error; // else it is `stop`'s doing
  } finally {
    signal.removeEventListener("abort", stop);
  }
  yield* splitter.end();
}
