import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Freshet } from "../helpers/freshet.ts";

const ROOT = resolve(import.meta.dirname, "../..");
const folder = mkdtempSync(join(tmpdir(), "freshet-definitions-"));
let server: Freshet;

beforeAll(async () => {
  server = await Freshet.start();
  // Of the demo's definitions none is left.
  put("rest.json", { metrics: [count("kept", "1s")] });
  await freshet("apply", join(folder, "rest.json"), "--prune");
});
afterAll(async () => {
  await server?.stop();
  rmSync(folder, { recursive: true, force: true });
});

const count = (event: string, size: string, more: object = {}) => ({
  name: `${event}s`,
  event,
  aggregate: "count",
  window: { type: "tumbling", size },
  lateness: "1h",
  ...more,
});
const RATE = { name: "conversion", ratio: { numerator: "orders", denominator: "visits" } };
const BOARD = { name: "shop", panels: [{ title: "Orders", kind: "line", metric: "orders" }] };

function put(file: string, content: unknown): void {
  writeFileSync(join(folder, file), JSON.stringify(content));
}

/** `npx freshet` as someone types it, with the demo's admin key and `stdin` as its input. */
async function freshet(...args: string[]) {
  return run({ args });
}

async function run({
  args,
  key = "demo-admin",
  stdin = "",
}: {
  args: string[];
  key?: string;
  stdin?: string;
}) {
  const env = { ...process.env, FRESHET_URL: server.url, FRESHET_KEY: key };
  const child = spawn("npx", ["freshet", ...args], { cwd: ROOT, env });
  const output = Promise.all([text(child.stdout), text(child.stderr), once(child, "exit")]);
  child.stdin.end(stdin);
  const [said, complained, [code]] = await output;
  return { code: code as number, said, complained };
}

const exported = async () => (await freshet("export")).said;

test("[M1] definitions live in files: applied, applied again, changed, pruned, exported, applied elsewhere", async () => {
  put("rest.json", [RATE, BOARD, count("kept", "1s")]);
  put("shop.json", { metrics: [count("order", "1m"), count("visit", "1m")] });
  const first = await freshet("apply", folder);
  expect(first).toMatchObject({ code: 0, complained: "" });
  expect(first.said).toContain("= unchanged: 1 metric\n\n4 to create.\n");
  const second = await freshet("apply", folder);
  expect(second).toMatchObject({ code: 0, complained: "" });
  expect(second.said).toContain("= unchanged: 3 metrics, 1 view, 1 dashboard\n\nNothing to change.\n");

  const sent = Array.from({ length: 7 }, () => JSON.stringify({ name: "order" })).join("\n");
  expect((await server.post("seven", sent)).accepted).toBe(7);
  expect(await server.sumWhen("orders", 7, 20_000)).toBe(7);

  // Lateness alone: the windows go on, and so do their counts.
  put("shop.json", [count("order", "1m", { lateness: "2h" }), count("visit", "1m")]);
  const later = await freshet("apply", folder);
  expect(later.said).toContain('~ change metric orders: goes on\n    lateness: "1h" → "2h"\n');
  expect((await server.post("five", sent.split("\n").slice(2).join("\n"))).accepted).toBe(5);
  expect(await server.sumWhen("orders", 12, 20_000)).toBe(12);

  const before = await exported();
  put("shop.json", [count("order", "10s"), count("visit", "10s")]);
  const dry = await freshet("apply", folder, "--dry-run");
  expect(dry.said).toContain(
    "~ change metric orders: begins anew: open windows are sealed, earlier points are forgotten\n",
  );
  expect(await exported()).toBe(before);
  expect((await freshet("apply", folder)).said).toContain("Done: 2 applied.");

  put("rest.json", BOARD);
  const kept = await freshet("apply", folder);
  expect(kept.said).toContain("in no file, and kept: 1 metric, 1 view (--prune deletes them)");
  const pruned = await freshet("apply", folder, "--prune");
  expect(pruned.said).toContain("deleted view conversion\ndeleted metric kepts\n");
  expect(Object.keys(JSON.parse(await exported()) as object)).toEqual(["metrics", "dashboards", "alerts"]);

  const back = await run({ args: ["apply", "-", "--prune"], stdin: before });
  expect(back).toMatchObject({ code: 0, complained: "" });
  expect(JSON.parse(await exported())).toEqual(JSON.parse(before));
});

test("[M1] a wrong file, a view without its metric, a wrong key: refused, and nothing is half applied", async () => {
  put("rest.json", { metrics: [count("new", "1s")] });
  put("shop.json", [count("order", "soon"), { ...count("visit", "1m"), where: "page in" }]);
  const before = await exported();
  const wrong = await freshet("apply", folder);
  expect(wrong).toMatchObject({ code: 1, said: "" });
  expect(wrong.complained).toMatch(/shop\.json: \[0\] "orders": window\.size is "soon"; expected/);
  expect(wrong.complained).toMatch(/shop\.json: \[1\] "visits": where, column 8: /);

  put("shop.json", [{ ...RATE, ratio: { numerator: "news", denominator: "nowhere" } }]);
  const missing = await freshet("apply", folder);
  expect(missing).toMatchObject({ code: 1, said: "" });
  expect(missing.complained).toContain("there is no metric 'nowhere' to compute the view from");

  put("shop.json", []);
  const unknown = await run({ args: ["apply", folder], key: "not-a-key" });
  expect(unknown).toMatchObject({ code: 1, said: "" });
  expect(unknown.complained).toContain("was answered 401: the key is not known");
  const reader = await run({ args: ["apply", folder], key: "demo-read" });
  expect(reader.code).toBe(1);
  expect(reader.complained).toContain("was answered 403: a read key may not do this; expected admin");
  expect(await exported()).toBe(before);
});
