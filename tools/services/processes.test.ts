import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, describe, expect, test } from "vitest";
import { freePort, hasCommand, isPortFree, runCommand, startProcess, startRestartable } from "./processes.ts";

const dir = mkdtempSync(join(tmpdir(), "freshet-processes-"));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const node = process.execPath;
const FOREVER = "setInterval(() => {}, 1000);";

function script(name: string, code: string) {
  return { name, command: node, args: ["-e", code], logFile: join(dir, `${name}.log`) };
}

describe("startProcess", () => {
  test("[O3] waits until the process is ready", async () => {
    const running = await startProcess({
      ...script("slow", `setTimeout(() => console.log("up"), 300); ${FOREVER}`),
      isReady: (log) => log.includes("up"),
    });
    expect(isAlive(running.pid)).toBe(true);
    await running.stop();
    expect(isAlive(running.pid)).toBe(false);
  });

  test("[O3] a process that ends early is an error with the end of its log", async () => {
    const starting = startProcess({
      ...script("broken", `console.error("the port is taken"); process.exit(7);`),
      isReady: () => false,
    });
    await expect(starting).rejects.toThrow(/broken ended with 7; .*\n.*the port is taken/s);
  });

  test("[O3] a process that is never ready is killed, and said so", async () => {
    let pid = 0;
    const starting = startProcess({
      ...script("mute", `console.log(process.pid); ${FOREVER}`),
      isReady: (log) => {
        pid = Number(log);
        return false;
      },
      readyTimeoutMs: 700,
    });
    await expect(starting).rejects.toThrow("mute was not ready within 700 ms");
    expect(isAlive(pid)).toBe(false);
  });

  test("[O3] a command that there is not is an error, not a wait", async () => {
    const starting = startProcess({
      ...script("absent", ""),
      command: "no-such-command-anywhere",
      isReady: () => false,
      readyTimeoutMs: 5_000,
    });
    await expect(starting).rejects.toThrow(/absent ended with/);
  });

  test("[O3] what will not stop is killed", async () => {
    const running = await startProcess({
      ...script("stubborn", `process.on("SIGTERM", () => {}); console.log("up"); ${FOREVER}`),
      isReady: (log) => log.includes("up"),
    });
    await running.stop(300);
    expect(isAlive(running.pid)).toBe(false);
  });

  test("[O3] a crashed process starts again, its log goes on", async () => {
    const logFile = join(dir, "phoenix.log");
    const phoenix = await startRestartable({
      ...script("phoenix", `console.log("up " + process.pid); ${FOREVER}`),
      isReady: (log) => log.includes("up"),
    });
    const first = phoenix.pid;
    await phoenix.kill();
    await phoenix.restart();
    expect(phoenix.pid).not.toBe(first);
    expect(readFileSync(logFile, "utf8")).toBe(`up ${first}\nup ${phoenix.pid}\n`);
    await phoenix.stop();
  });

  test.runIf(hasCommand("setpriv"))("[O3] children die with a parent that is killed", async () => {
    const code = `
      const { startProcess } = await import(${JSON.stringify(join(import.meta.dirname, "processes.ts"))});
      const { pid } = await startProcess({
        name: "child", command: process.execPath, args: ["-e", ${JSON.stringify(FOREVER)}],
        logFile: ${JSON.stringify(join(dir, "child.log"))}, isReady: () => true,
      });
      console.log(pid); ${FOREVER}`;
    const parent = spawn(node, ["--input-type=module", "-e", code], { stdio: ["ignore", "pipe", "inherit"] });
    const [chunk] = (await once(parent.stdout, "data")) as [Buffer];
    const child = Number(chunk.toString());
    expect(isAlive(child)).toBe(true);
    parent.kill("SIGKILL");
    await once(parent, "exit");
    await sleep(200);
    expect(isAlive(child)).toBe(false);
  });
});

describe("runCommand", () => {
  test("[O3] gives the output, or an error with what was said", async () => {
    expect(await runCommand(node, ["-e", "console.log('✓ fine')"])).toBe("✓ fine\n");
    await expect(runCommand(node, ["-e", "console.error('no way'); process.exit(3)"])).rejects.toThrow(
      /ended with 3: no way/,
    );
  });

  test("[O3] ends what takes too long", async () => {
    await expect(runCommand(node, ["-e", FOREVER], { timeoutMs: 300 })).rejects.toThrow(/SIGKILL/);
  });
});

test("[O3] a port is free until somebody listens", async () => {
  const port = await freePort();
  expect(await isPortFree(port)).toBe(true);
  const server = createServer().listen(port, "127.0.0.1");
  await once(server, "listening");
  expect(await isPortFree(port)).toBe(false);
  server.close();
});

/** A zombie, which nobody has reaped, is dead. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  const stat = `/proc/${pid}/stat`;
  return !existsSync(stat) || !/^\d+ \(.*\) Z/.test(readFileSync(stat, "utf8"));
}
