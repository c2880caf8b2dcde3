import { mkdirSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { connect } from "node:net";
import { join } from "node:path";
import { freePort, type RunningProcess, startProcess } from "../../tools/services/processes.ts";

/** A workerd, without wrangler around it. */
export interface Server extends RunningProcess {
  url: string;
  port: number;
}

export interface ServerOptions {
  /** Gets the configuration, the objects' state and the log. */
  dir: string;
  config: (port: number) => string;
}

/** Starts plain workerd and waits until it listens. */
export async function startWorkerd({ dir, config }: ServerOptions): Promise<Server> {
  const port = await freePort();
  mkdirSync(join(dir, "objects"), { recursive: true });
  const file = join(dir, "config.capnp");
  writeFileSync(file, config(port));
  const running = await startProcess({
    name: "workerd",
    // As many sockets as the machine allows, where a shell may say so.
    command: "/bin/sh",
    args: [
      "-c",
      'ulimit -n 65536 2>/dev/null || ulimit -n "$(ulimit -H -n)"; exec "$@"',
      "sh",
      workerdBinary(),
      "serve",
      "--experimental",
      file,
    ],
    logFile: join(dir, "workerd.log"),
    isReady: () => listens(port),
  });
  return Object.assign(running, { url: `http://127.0.0.1:${port}`, port });
}

/** The binary that wrangler brings: what is measured is what `npm start` runs. */
function workerdBinary(): string {
  const fromWrangler = createRequire(createRequire(import.meta.url).resolve("wrangler"));
  return (fromWrangler("workerd") as { default: string }).default;
}

export function workerdVersion(): string {
  const fromWrangler = createRequire(createRequire(import.meta.url).resolve("wrangler"));
  return (fromWrangler("workerd/package.json") as { version: string }).version;
}

/** Whether something takes connections at the port. */
export function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1", () => settle(true));
    const settle = (answer: boolean): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.on("error", () => settle(false));
  });
}
