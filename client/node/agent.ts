#!/usr/bin/env node
import { argv, env, exit, stderr, stdin, stdout } from "node:process";
import { agentCommand } from "./agent-command.ts";
import { stopOnSignals } from "./stop-on-signals.ts";

exit(
  await agentCommand(argv.slice(2), {
    env,
    stdin,
    write: (text) => stdout.write(text),
    complain: (text) => stderr.write(text),
    signal: stopOnSignals(),
  }),
);
