#!/usr/bin/env node
import { argv, env, exit, stderr, stdin, stdout } from "node:process";
import { parseAgentOptions, USAGE } from "./agent-options.ts";
import { runAgent } from "./run-agent.ts";

const options = parseAgentOptions(argv.slice(2), env);
if (!options.ok) {
  stderr.write(`freshet-agent: ${options.message}\n\n${USAGE}`);
  exit(2);
}
if (options.value === "help") {
  stdout.write(USAGE);
  exit(0);
}

const stopping = new AbortController();
for (const name of ["SIGINT", "SIGTERM"] as const) {
  // The first signal lets it send what it has; a second one does not wait for that.
  process.on(name, () => (stopping.signal.aborted ? exit(1) : stopping.abort()));
}

const say = (message: string) => stderr.write(`freshet-agent: ${message}\n`);
try {
  const stats = await runAgent(options.value, { stdin, signal: stopping.signal, onProblem: say });
  say(
    `${stats.accepted} events accepted, ${stats.rejected} rejected, ${stats.dropped} dropped, ${stats.queued} not sent`,
  );
  exit(stats.queued + stats.rejected + stats.dropped === 0 ? 0 : 1);
} catch (error) {
  say(error instanceof Error ? error.message : String(error));
  exit(1);
}
