import { parseArgs, type ParseArgsConfig } from "node:util";
import { fail, ok, type Result } from "../../../protocol/result.ts";
import { addressFault } from "../address.ts";

const DEFAULT_URL = "http://localhost:8787";
const DEFAULT_PATH = "freshet";

export const APPLY_USAGE = `Usage: freshet apply [FILE|FOLDER…] [--url URL] --key KEY [--dry-run] [--prune]

Makes a project's metrics, views, dashboards and alerts what files say. Says what it will do, then does it; when anything is
wrong in the files it lists that and does nothing. Applied again it changes nothing.

  FILE       JSON: one definition, an array of them, or {"metrics":[…],"dashboards":[…],"alerts":[…]};
             - is standard input
  FOLDER     all .json files in it and below (default: ./${DEFAULT_PATH})

Options:
  --url URL  where Freshet is served (or FRESHET_URL; default ${DEFAULT_URL})
  --key KEY  an admin key of the project (or FRESHET_KEY, which other users cannot see in the process list)
  --dry-run  only say what would change
  --prune    also delete what the server has and no file defines
  --help

It ends with 0 when everything is as the files say, 1 when it was refused or failed, 2 on wrong options.
`;

export const EXPORT_USAGE = `Usage: freshet export [--url URL] --key KEY

Writes a project's metrics, views, dashboards and alerts to standard output, as a file that 'freshet apply' takes.

Options:
  --url URL  where Freshet is served (or FRESHET_URL; default ${DEFAULT_URL})
  --key KEY  a read or admin key of the project (or FRESHET_KEY); only an admin key is told where alerts go
  --help
`;

export const BACKFILL_USAGE = `Usage: freshet backfill METRIC --from TIME [--to TIME] [--url URL] --key KEY

Computes a metric's windows anew, over every event that was accepted, and says how far it is. The server goes on when
this is broken off.

  --from TIME  windows that end after this: ISO 8601, epoch milliseconds or now-7d
  --to TIME    and by this (default: up to where live aggregation has had every event)
  --url URL    where Freshet is served (or FRESHET_URL; default ${DEFAULT_URL})
  --key KEY    an admin key of the project (or FRESHET_KEY)
  --help

It ends with 0 when the backfill is done, 1 when it was refused, was cancelled or has failed, 2 on wrong options.
`;

export interface ServerOptions {
  url: string;
  key: string;
}

export interface ApplyOptions extends ServerOptions {
  paths: string[];
  dryRun: boolean;
  prune: boolean;
}

export interface BackfillOptions extends ServerOptions {
  metric: string;
  from: string;
  to?: string;
}

type Env = Record<string, string | undefined>;

const SERVER_FLAGS = {
  url: { type: "string" },
  key: { type: "string" },
  help: { type: "boolean", short: "h" },
} as const;
const APPLY_FLAGS = {
  ...SERVER_FLAGS,
  "dry-run": { type: "boolean", default: false },
  prune: { type: "boolean", default: false },
} as const;

/** Reads the arguments of `freshet backfill`. */
export function parseBackfillOptions(args: string[], env: Env): Result<BackfillOptions | "help"> {
  const options = { ...SERVER_FLAGS, from: { type: "string" }, to: { type: "string" } } as const;
  const read = readArgs({ args, options, allowPositionals: true });
  if (!read.ok) return read;
  const { values, positionals } = read.value;
  if (values.help) return ok("help");
  const server = serverOf(values, env, "an admin key");
  if (!server.ok) return server;
  const [metric, odd] = positionals;
  if (metric === undefined) return fail("options", "no metric is named");
  if (odd !== undefined) return fail("options", `'${odd}' is one too many; expected one metric`);
  if (values.from === undefined) return fail("options", "--from is missing; expected a time such as now-7d");
  const { from, to } = values;
  return ok({ ...server.value, metric, from, ...(to === undefined ? {} : { to }) });
}

/** Reads the arguments of `freshet apply`. `help` comes back as the value "help"; a fault names the option. */
export function parseApplyOptions(args: string[], env: Env): Result<ApplyOptions | "help"> {
  const read = readArgs({ args, options: APPLY_FLAGS, allowPositionals: true });
  if (!read.ok) return read;
  const { values, positionals } = read.value;
  if (values.help) return ok("help");
  const server = serverOf(values, env, "an admin key");
  if (!server.ok) return server;
  const paths = positionals.length > 0 ? positionals : [DEFAULT_PATH];
  return ok({ ...server.value, paths, dryRun: values["dry-run"], prune: values.prune });
}

/** Reads the arguments of `freshet export`. */
export function parseExportOptions(args: string[], env: Env): Result<ServerOptions | "help"> {
  const read = readArgs({ args, options: SERVER_FLAGS });
  if (!read.ok) return read;
  return read.value.values.help ? ok("help") : serverOf(read.value.values, env, "a read or admin key");
}

function readArgs<T extends ParseArgsConfig>(config: T): Result<ReturnType<typeof parseArgs<T>>> {
  try {
    return ok(parseArgs(config));
  } catch (error) {
    return bad(error instanceof Error ? error.message : String(error));
  }
}

function serverOf(given: { url?: string; key?: string }, env: Env, expected: string): Result<ServerOptions> {
  const { url = env["FRESHET_URL"] || DEFAULT_URL, key = env["FRESHET_KEY"] } = given;
  const fault = addressFault(url);
  if (fault !== undefined) return bad(fault);
  if (!key) return bad(`--key is missing; expected ${expected}, or FRESHET_KEY in the environment`);
  return ok({ url, key });
}

function bad(message: string): { ok: false; reason: string; message: string } {
  return fail("options", message);
}
