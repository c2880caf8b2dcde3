import { readFileSync } from "node:fs";
import { join } from "node:path";
import { argv, env, exit, stderr, stdin, stdout } from "node:process";
import { agentCommand } from "./agent-command.ts";
import { applyCommand } from "./apply/apply.ts";
import { backfillCommand } from "./backfill-command.ts";
import { exportCommand } from "./apply/export.ts";
import type { Command } from "./command.ts";
import { stopOnSignals } from "./stop-on-signals.ts";

const USAGE = `Usage: freshet COMMAND [OPTION…]

  apply    make a project's metrics, views and dashboards what files say
  export   write what the server has as a file that apply takes
  backfill compute a metric over past events
  agent    send events: host metrics, files, standard input

'freshet COMMAND --help' tells more of each.

  --version
  --help
`;

const COMMANDS = new Map<string, Command>([
  ["apply", applyCommand],
  ["export", exportCommand],
  ["backfill", backfillCommand],
  ["agent", agentCommand],
]);

// Whoever reads may have seen enough: `freshet export | head`.
stdout.on("error", (error: NodeJS.ErrnoException) => exit(error.code === "EPIPE" ? 0 : 1));
// Not exit(): a pipe may hold what was written, and would lose it.
process.exitCode = await main(argv.slice(2));

async function main([name, ...args]: string[]): Promise<number> {
  if (name === "--help" || name === "-h") return answer(USAGE);
  if (name === "--version") return answer(`${version()}\n`);
  const command = COMMANDS.get(name ?? "");
  if (command !== undefined) {
    return command(args, {
      env,
      stdin,
      write: (text) => stdout.write(text),
      complain: (text) => stderr.write(text),
      signal: stopOnSignals(),
    });
  }
  const fault = name === undefined ? "no command given" : `there is no command '${name}'`;
  stderr.write(`freshet: ${fault}\n\n${USAGE}`);
  return 2;
}

function answer(text: string): number {
  stdout.write(text);
  return 0;
}

function version(): string {
  const text = readFileSync(join(import.meta.dirname, "../../package.json"), "utf8");
  return (JSON.parse(text) as { version: string }).version;
}
