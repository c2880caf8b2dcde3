import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { FakeIngest } from "../../test/helpers/fake-ingest.ts";

const LAUNCHER = join(import.meta.dirname, "freshet.mjs");

function freshet(args: string[], env: Record<string, string> = {}) {
  const child = spawn(process.execPath, [LAUNCHER, ...args], { env: { ...process.env, ...env } });
  const ended = Promise.all([text(child.stdout), text(child.stderr), once(child, "exit")]);
  return {
    child,
    ended: ended.then(([said, complained, [code]]) => ({ said, complained, code: code as number })),
  };
}

test("[M1] the package's freshet is the launcher, and says its version and its commands", async () => {
  const { bin, version } = JSON.parse(
    readFileSync(join(import.meta.dirname, "../../package.json"), "utf8"),
  ) as { bin: Record<string, string>; version: string };
  expect(join(import.meta.dirname, "../..", bin["freshet"] ?? "")).toBe(LAUNCHER);
  expect(await freshet(["--version"]).ended).toEqual({ code: 0, said: `${version}\n`, complained: "" });
  expect(await freshet(["--help"]).ended).toMatchObject({ code: 0, complained: "" });
});

test.each([
  [[], "freshet: no command given\n\nUsage: freshet COMMAND"],
  [["aply"], "freshet: there is no command 'aply'\n\nUsage: freshet COMMAND"],
  [["apply", "--key"], "Usage: freshet apply"],
  [["agent"], "Usage: freshet agent"],
])("[M1] freshet %j ends with 2 and its usage", async (args, usage) => {
  const { code, said, complained } = await freshet(args, { FRESHET_KEY: "", FRESHET_URL: "" }).ended;
  expect(complained).toContain(usage);
  expect(said).toBe("");
  expect(code).toBe(2);
});

test("[M1] a reader that has seen enough is no failure to speak of", async () => {
  const child = spawn(process.execPath, [LAUNCHER, "--help"]);
  child.stdout.destroy();
  const [complained, [code]] = await Promise.all([text(child.stderr), once(child, "exit")]);
  expect(complained).toBe("");
  expect(code).toBe(0);
});

test("[I8] freshet agent is the agent, and one Ctrl-C that comes twice, as under npx, lets it send what it has", async () => {
  const server = new FakeIngest();
  const url = await server.listen();
  const { child, ended } = freshet(["agent", "--stdin"], { FRESHET_URL: url, FRESHET_KEY: "k" });
  child.stdin.write("first\n");
  await server.received(1);
  server.script.push({ status: 503, headers: { "retry-after": "1" } });
  child.stdin.write("last\n");
  await server.received(2);
  child.kill("SIGINT");
  await sleep(50);
  child.kill("SIGINT");
  const { code, complained } = await ended;
  expect(complained).toContain("2 events accepted, 0 rejected, 0 dropped, 0 not sent");
  expect(code).toBe(0);
  await server.close();
});
