// npm start: the whole of Freshet on this machine, until Ctrl-C.
import { parseStartOptions, HELP } from "./server/options.ts";
import { runCopy } from "./server/run-copy.ts";
import { StartError } from "./server/supervisor.ts";
import { ServiceUnavailableError } from "./services/processes.ts";

const stopping = new AbortController();
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => stopping.abort());
// Whoever started us may be killed without telling: we do not stay behind. (A parent's death changes our parent.)
const parent = process.ppid;
setInterval(() => {
  if (process.ppid !== parent) stopping.abort();
}, 500).unref();
// What is said when the terminal is gone is lost; that is no reason to leave a server behind.
for (const stream of [process.stdout, process.stderr]) stream.on("error", () => stopping.abort());

process.exitCode = await main();
// A keep-alive connection must not hold the process once everything is stopped.
process.exit();

async function main(): Promise<number> {
  const options = parseStartOptions(process.argv.slice(2), process.env, process.cwd());
  if (!options.ok) return complain(options.message);
  if (options.value === "help") return say(HELP);
  try {
    await runCopy(options.value, stopping.signal, say);
    return 0;
  } catch (error) {
    if (error instanceof StartError || error instanceof ServiceUnavailableError)
      return complain(error.message);
    return complain(error instanceof Error ? (error.stack ?? error.message) : String(error));
  }
}

function say(line: string): number {
  process.stdout.write(`${line}\n`);
  return 0;
}

function complain(sentence: string): number {
  process.stderr.write(`Freshet: ${sentence}\n`);
  return 1;
}
