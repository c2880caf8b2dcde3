import { isAbsolute, resolve } from "node:path";
import { parseArgs } from "node:util";
import { parseSettings } from "../../durable-objects/settings.ts";
import { fail, ok, type Result } from "../../protocol/result.ts";

export interface StartOptions {
  port: number;
  /** Absolute path of the folder that holds everything this copy keeps. */
  stateDir: string;
  /** Whether the traffic generator and the agent run. */
  demo: boolean;
  /** Whether Kafka and VictoriaMetrics are started too, and used. */
  services: boolean;
  /** The Worker's settings: variable names to values. */
  settings: Record<string, string>;
}

export const HELP = `npm start -- [options]

  --port N      listen on this port (PORT; default 8787)
  --state DIR   keep everything in this folder (FRESHET_STATE; default .freshet)
  --no-demo     keys, metrics and dashboards of the demo, but no traffic
  --kafka       start Apache Kafka and VictoriaMetrics too, and use them (npm run start:full)
  --help        this text

Settings such as PARTITIONS or KAFKA_BROKERS are taken from the environment.
`;

const FLAGS = {
  port: { type: "string" },
  state: { type: "string" },
  "no-demo": { type: "boolean" },
  kafka: { type: "boolean" },
  help: { type: "boolean" },
} as const;

/** Names of the settings that the server takes from the environment it is started in. */
const SETTINGS = new Set([
  "PARTITIONS",
  "DEDUP_WINDOW_MS",
  "FUTURE_LIMIT_MS",
  "IDLE_PARTITION_MS",
  "LOG_RETENTION_MS",
  "LIVE_TICK_MS",
  "HUB_SOCKETS",
  "LIVE_UNHEARD_BYTES",
  "LIVE_RETENTION_MS",
  "LIVE_FINE_MS",
  "ARCHIVE_EVERY_MS",
  "ARCHIVE_POINTS_EVERY_MS",
  "LIVE_BYTES",
  "ALERT_PRIVATE_WEBHOOKS",
  "ROOT_KEY",
  "METRICS_TOKEN",
  "PUBLIC_READ_KEY",
]);
const SETTING_FAMILIES = /^(?:KAFKA|TSDB)_[A-Z_]+$/;

/** Whether an environment variable is a setting of the server. */
export function isSetting(name: string): boolean {
  return SETTINGS.has(name) || SETTING_FAMILIES.test(name);
}

/**
 * Reads the command line and the environment.
 *
 * @param cwd what a relative state folder is relative to.
 * @returns the options, `help` when asked for, or a sentence that names what is wrong.
 */
export function parseStartOptions(
  args: string[],
  env: Record<string, string | undefined>,
  cwd: string,
): Result<StartOptions | "help"> {
  let flags: { port?: string; state?: string; "no-demo"?: boolean; kafka?: boolean; help?: boolean };
  try {
    flags = parseArgs({ args, options: FLAGS }).values;
  } catch (error) {
    return fail("option", error instanceof Error ? error.message : String(error));
  }
  if (flags.help) return ok("help");
  const port = parsePort(flags.port ?? (env["PORT"] || "8787"), flags.port === undefined ? "PORT" : "--port");
  if (!port.ok) return port;
  const settings = settingsOf(env);
  const checked = parseSettings(settings);
  if (!checked.ok) return checked;
  const state = flags.state ?? (env["FRESHET_STATE"] || ".freshet");
  return ok({
    port: port.value,
    stateDir: isAbsolute(state) ? state : resolve(cwd, state),
    demo: !flags["no-demo"],
    services: flags.kafka ?? false,
    settings,
  });
}

function parsePort(text: string, name: string): Result<number> {
  const port = Number(text);
  if (/^\d{1,5}$/.test(text) && port >= 1 && port <= 65_535) return ok(port);
  return fail("option", `${name} is '${text}'; expected a whole number from 1 to 65535`);
}

function settingsOf(env: Record<string, string | undefined>): Record<string, string> {
  const settings: Record<string, string> = {};
  for (const [name, value] of Object.entries(env)) {
    if (isSetting(name) && value !== undefined && value !== "") settings[name] = value;
  }
  return settings;
}
