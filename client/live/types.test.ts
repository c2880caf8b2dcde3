import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { buildBrowserClient, buildLiveClient, writeTypes } from "../../tools/build-client.ts";

const MODULES = resolve(import.meta.dirname, "../../node_modules");
const dir = mkdtempSync(join(tmpdir(), "freshet-types-"));

beforeAll(async () => {
  await buildBrowserClient(dir);
  await buildLiveClient(dir);
  writeTypes(dir);
  symlinkSync(MODULES, join(dir, "node_modules"));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

/** What the compiler has against a program that uses the built libraries, as strictly as it can be. */
function faultsOf(program: string): string {
  writeFileSync(join(dir, "program.mts"), program);
  const args = [
    "--ignoreConfig",
    "--noEmit",
    "--strict",
    "--module",
    "nodenext",
    "--types",
    "",
    "program.mts",
  ];
  return spawnSync(join(MODULES, ".bin/tsc"), args, { cwd: dir, encoding: "utf8" }).stdout;
}

test("[L3][I8] the built libraries are typed, without our sources", () => {
  const program = (type: string): string => `
    import { FreshetLive } from "./freshet-live.js";
    import { createFreshet } from "./freshet.js";
    const live = new FreshetLive({ url: "http://a", key: "b", onState: ({ phase }) => phase.toUpperCase() });
    const clicks = live.subscribe(
      { metric: "clicks", range: "15m" },
      { delta: ({ series, merged = 0 }) => series[0]?.group["site"]?.repeat(merged) },
    );
    export const newest: ${type} = clicks.picture.newest({ site: "x" })?.value;
    createFreshet({ url: "http://a", key: "b" }).track("purchase", { value: 59.9, props: { plan: "pro" } });
  `;
  expect(faultsOf(program("number | null | undefined"))).toBe("");
  expect(faultsOf(program("string"))).toContain("TS2322");
});
