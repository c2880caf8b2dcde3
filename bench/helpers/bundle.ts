import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { gzipSync } from "node:zlib";
import { unstable_readConfig as readConfig } from "wrangler";
import { runCommand } from "../../tools/services/processes.ts";

const ROOT = resolve(import.meta.dirname, "../..");

/** The Worker as `wrangler deploy` would upload it. */
export interface Bundle {
  /** ES module. */
  file: string;
  bytes: number;
  gzipBytes: number;
}

/** Bundles the Worker into `dir`. */
export async function bundleWorker(dir: string): Promise<Bundle> {
  const site = join(dir, "site");
  mkdirSync(site, { recursive: true });
  writeFileSync(join(site, "index.html"), "");
  const args = ["deploy", "--dry-run", "--outdir", dir, "--assets", site];
  await runCommand(join(ROOT, "node_modules/.bin/wrangler"), args, {
    cwd: ROOT,
    env: { WRANGLER_SEND_METRICS: "false", WRANGLER_LOG_PATH: join(dir, "logs"), NO_COLOR: "1" },
  });
  const file = join(dir, "edge.js");
  const source = readFileSync(file);
  return { file, bytes: source.length, gzipBytes: gzipSync(source).length };
}

/**
 * The configuration of plain workerd that comes nearest to production: the bundle, its objects on this disk, and
 * nothing of `wrangler dev`, whose proxy and logging cost more than the Worker itself.
 *
 * @param vars settings, in place of those in `wrangler.toml`.
 * @returns Cap'n Proto text; paths in it are relative to `dir`, where the bundle and the folder `objects` are.
 */
export function serverConfig(dir: string, port: number, vars: Record<string, string>): string {
  const config = readConfig({ config: join(ROOT, "wrangler.toml") });
  const classes: { name: string; class_name: string }[] = config.durable_objects.bindings;
  const namespaces = classes.map(
    ({ class_name }) => `(className = "${class_name}", uniqueKey = "${class_name}", enableSql = true)`,
  );
  const bindings = [
    ...classes.map(({ name, class_name }) => `(name = "${name}", durableObjectNamespace = "${class_name}")`),
    ...Object.entries({ ...config.vars, ...vars }).map(
      ([name, value]) => `(name = "${name}", text = ${JSON.stringify(String(value))})`,
    ),
  ];
  return `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "main", worker = .main),
    (name = "internet", network = (allow = ["public", "private", "local"], tlsOptions = (trustBrowserCas = true))),
    (name = "disk", disk = (path = ${JSON.stringify(join(dir, "objects"))}, writable = true)),
  ],
  sockets = [(name = "http", address = "127.0.0.1:${port}", http = (), service = "main")],
);
const main :Workerd.Worker = (
  modules = [(name = "edge.js", esModule = embed "edge.js")],
  compatibilityDate = "${config.compatibility_date}",
  durableObjectNamespaces = [${namespaces.join(", ")}],
  durableObjectStorage = (localDisk = "disk"),
  bindings = [${bindings.join(", ")}],
);
`;
}

/** The configuration of a workerd that serves `main.js` beside it and nothing else. */
export function bareConfig(port: number): string {
  const { compatibility_date } = wranglerConfig();
  return `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [(name = "main", worker = .main)],
  sockets = [(name = "http", address = "127.0.0.1:${port}", http = (), service = "main")],
);
const main :Workerd.Worker = (
  modules = [(name = "main.js", esModule = embed "main.js")],
  compatibilityDate = "${compatibility_date}",
);
`;
}

/** The configuration of a workerd with `main.js` beside it, whose one Durable Object class is `BareHub`. */
export function bareHubConfig(port: number): string {
  const { compatibility_date } = wranglerConfig();
  return `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [(name = "main", worker = .main)],
  sockets = [(name = "http", address = "127.0.0.1:${port}", http = (), service = "main")],
);
const main :Workerd.Worker = (
  modules = [(name = "main.js", esModule = embed "main.js")],
  compatibilityDate = "${compatibility_date}",
  durableObjectNamespaces = [(className = "BareHub", uniqueKey = "BareHub")],
  durableObjectStorage = (inMemory = void),
  bindings = [(name = "HUB", durableObjectNamespace = "BareHub")],
);
`;
}

/** What of `wrangler.toml` is needed here. */
interface WranglerConfig {
  compatibility_date: string;
  vars: Record<string, unknown>;
  durable_objects: { bindings: { name: string; class_name: string }[] };
}

/** Its own type leans on packages that wrangler does not install. */
function wranglerConfig(): WranglerConfig {
  return readConfig({ config: join(ROOT, "wrangler.toml") }) as WranglerConfig;
}
