import { spawn } from "node:child_process";
import { once } from "node:events";
import { appendFile, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterEach, beforeEach, expect, test } from "vitest";
import { FakeIngest } from "../../test/helpers/fake-ingest.ts";

let server = new FakeIngest();
let url = "";

beforeEach(async () => {
  server = new FakeIngest();
  url = await server.listen();
});
afterEach(() => server.close());

function agent(...args: string[]) {
  const child = spawn(process.execPath, [join(import.meta.dirname, "agent.ts"), ...args], {
    env: { ...process.env, FRESHET_URL: url, FRESHET_KEY: "k" },
  });
  const said = text(child.stderr);
  return { child, ended: async () => ({ code: (await once(child, "exit"))[0] as number, said: await said }) };
}

test("[I8] the agent sends standard input line by line, ends with it and says what became of it", async () => {
  const { child, ended } = agent("--stdin", "--event", "line");
  child.stdin.end('{"name":"signup","value":2}\nplain text\n\nunfinished');
  const { code, said } = await ended();
  expect(said).toContain("3 events accepted, 0 rejected, 0 dropped, 0 not sent");
  expect(code).toBe(0);
  expect(server.events.map(({ name, value, props }) => [name, value, props])).toEqual([
    ["signup", 2, undefined],
    ["line", undefined, { line: "plain text" }],
    ["line", undefined, { line: "unfinished" }],
  ]);
});

test.each(["SIGTERM", "SIGINT"] as const)(
  "[I8] on %s the agent sends what it has, then exits",
  async (signal) => {
    const { child, ended } = agent("--host-metrics", "--interval", "100ms", "--stdin");
    child.stdin.write("last words\n");
    await server.received(2);
    child.stdin.write("really last\n");
    await new Promise((resolve) => setTimeout(resolve, 30));
    child.kill(signal);
    const { code, said } = await ended();
    const lines = server.events.filter(({ name }) => name === "log_line").map(({ props }) => props);
    expect(lines).toEqual([{ line: "last words" }, { line: "really last" }]);
    expect(said).toContain("0 not sent");
    expect(code).toBe(0);
  },
);

test("[I8] the agent tails a file", async () => {
  const folder = await mkdtemp(join(tmpdir(), "freshet-agent-"));
  const path = join(folder, "app.log");
  await writeFile(path, "");
  const { child, ended } = agent("--tail", path, "--host-metrics", "--interval", "100ms");
  await server.received(1);
  await appendFile(path, '{"name":"order","value":5}\n');
  await expect.poll(() => server.events.find(({ name }) => name === "order")?.["value"]).toBe(5);
  child.kill();
  expect((await ended()).code).toBe(0);
  await rm(folder, { recursive: true });
});

test("[I8] a wrong option ends the agent with 2 and its usage", async () => {
  const { code, said } = await agent("--interval", "x", "--stdin").ended();
  expect(said).toMatch(/--interval is 'x'.*\n\nUsage:/);
  expect(code).toBe(2);
});

test("[I8] events that did not arrive make the agent fail", async () => {
  server.script.push({ status: 401, body: '{"message":"the key is not known"}' });
  const { child, ended } = agent("--stdin");
  child.stdin.end("one line\n");
  const { code, said } = await ended();
  expect(said).toContain("the key is not known");
  expect(said).toContain("1 rejected");
  expect(code).toBe(1);
});
