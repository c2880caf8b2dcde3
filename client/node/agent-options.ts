import { parseArgs } from "node:util";
import { fail, ok, type Result } from "../../protocol/result.ts";
import { parseDuration } from "../../protocol/time.ts";
import { addressFault } from "./address.ts";

export const USAGE = `Usage: freshet agent --url URL [--key KEY] SOURCE...

Sends events to Freshet. Sources, at least one:
  --host-metrics    CPU, memory, disks, network and load of this machine
  --stdin           lines of standard input
  --tail FILE       lines added to a file, through rotation and truncation; may be given more than once

Options:
  --url URL         where Freshet is served (or FRESHET_URL)
  --key KEY         a write key (or FRESHET_KEY, which other users cannot see in the process list)
  --interval 1s     how often host metrics are taken
  --event NAME      name of events made of lines that are not events themselves (default: log_line)
  --help

A line that is a JSON object with a name is an event: {"name":"signup","user":"u1","value":3,"props":{"plan":"pro"}}.
`;

export interface AgentOptions {
  url: string;
  key: string;
  hostMetrics: boolean;
  intervalMs: number;
  stdin: boolean;
  tail: string[];
  eventName: string;
}

const SHORTEST_INTERVAL_MS = 100;

/** Reads the command line. `help` comes back as the value "help"; a fault as a sentence that names the option. */
export function parseAgentOptions(
  args: string[],
  env: Record<string, string | undefined>,
): Result<AgentOptions | "help"> {
  const values = readArgs(args);
  if (!values.ok) return values;
  const { url = env["FRESHET_URL"], key = env["FRESHET_KEY"], interval, ...sources } = values.value;
  if (sources.help) return ok("help");
  const fault = addressFault(url);
  if (url === undefined || fault !== undefined) return bad(fault ?? "");
  if (!key) return bad("--key is missing; expected a write key, or FRESHET_KEY in the environment");
  const intervalMs = parseDuration(interval);
  if (intervalMs === undefined || intervalMs < SHORTEST_INTERVAL_MS || intervalMs > 86_400_000) {
    return bad(`--interval is '${interval}'; expected a duration from 100ms to 1d`);
  }
  const { "host-metrics": hostMetrics, stdin, tail, event: eventName } = sources;
  if (!hostMetrics && !stdin && tail.length === 0) {
    return bad("nothing to send; expected --host-metrics, --stdin or --tail FILE");
  }
  if (eventName === "") return bad("--event is empty; expected an event's name");
  return ok({ url, key, hostMetrics, intervalMs, stdin, tail, eventName });
}

function readArgs(args: string[]) {
  try {
    const { values } = parseArgs({
      args,
      options: {
        url: { type: "string" },
        key: { type: "string" },
        "host-metrics": { type: "boolean", default: false },
        interval: { type: "string", default: "1s" },
        stdin: { type: "boolean", default: false },
        tail: { type: "string", multiple: true, default: [] },
        event: { type: "string", default: "log_line" },
        help: { type: "boolean", short: "h", default: false },
      },
    });
    return ok(values);
  } catch (error) {
    return bad(error instanceof Error ? error.message : String(error));
  }
}

function bad(message: string): { ok: false; reason: string; message: string } {
  return fail("options", message);
}
