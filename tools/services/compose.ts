import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { join, resolve } from "node:path";
import { runCommand } from "./processes.ts";
import { kafkaAndVictoriaMetrics, type Services, type ServicesOptions } from "./services-options.ts";

const PULL_AND_START_MS = 600_000;

/** Whether a Docker engine answers: the client alone is no engine. */
export function hasDockerEngine(): boolean {
  const info = spawnSync("docker", ["info", "--format", "{{.ServerVersion}}"], { timeout: 10_000 });
  return info.status === 0 && spawnSync("docker", ["compose", "version"], { timeout: 10_000 }).status === 0;
}

/** Starts both services by Docker Compose; the state folder names the project, so that copies run side by side. */
export async function startByCompose(options: ServicesOptions): Promise<Services> {
  const { kafkaPort, tsdbPort } = options;
  const project = `freshet-${createHash("sha256").update(resolve(options.dir)).digest("hex").slice(0, 8)}`;
  const compose = (...args: string[]): Promise<string> =>
    runCommand(
      "docker",
      ["compose", "-f", join(import.meta.dirname, "compose.yaml"), "-p", project, ...args],
      {
        timeoutMs: PULL_AND_START_MS,
        env: { KAFKA_PORT: String(kafkaPort), TSDB_PORT: String(tsdbPort) },
      },
    );
  const stop = async (): Promise<void> => {
    await compose("down", "--timeout", "10");
  };
  try {
    await compose("up", "--detach", "--wait");
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    by: "Docker Compose",
    settings: kafkaAndVictoriaMetrics(`127.0.0.1:${kafkaPort}`, `http://127.0.0.1:${tsdbPort}`),
    ended: new Promise(() => {}),
    stop,
  };
}
