import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { isSetting, parseStartOptions } from "./options.ts";

const parse = (args: string[], env: Record<string, string> = {}) => parseStartOptions(args, env, "/work");

describe("[O1] options of npm start", () => {
  it("[O1] has a default for each", () => {
    expect(parse([])).toEqual({
      ok: true,
      value: { port: 8787, stateDir: "/work/.freshet", demo: true, services: false, settings: {} },
    });
  });

  it("[O1] takes port and folder from the environment, and before that from the command line", () => {
    const env = { PORT: "9000", FRESHET_STATE: "/var/lib/freshet" };
    expect(parse([], env)).toMatchObject({ value: { port: 9000, stateDir: "/var/lib/freshet" } });
    expect(parse(["--port", "9001", "--state", "here"], env)).toMatchObject({
      value: { port: 9001, stateDir: "/work/here" },
    });
  });

  it.each([
    [["--port", "0"], "--port is '0'; expected a whole number from 1 to 65535"],
    [["--port", "1e3"], "--port is '1e3'; expected a whole number from 1 to 65535"],
    [["--prot", "1"], "Unknown option '--prot'"],
    [["here"], "Unexpected argument 'here'"],
  ])("[O1] refuses %o", (args, sentence) => {
    const result = parse(args);
    expect(result.ok ? "" : result.message).toContain(sentence);
  });
});

describe("[O4] settings from the environment", () => {
  it("[O4] are passed on, other variables are not, and an empty one is not set", () => {
    const tsdb = { TSDB_WRITE_URL: "http://db/api/v1/write", TSDB_TOKEN: "s" };
    const env = { PARTITIONS: "8", KAFKA_TOPIC: "t", ...tsdb, LIVE_TICK_MS: "", HOME: "/root" };
    expect(parse([], env)).toMatchObject({
      value: { settings: { PARTITIONS: "8", KAFKA_TOPIC: "t", ...tsdb } },
    });
    const result = parse([], env);
    expect(result.ok && result.value !== "help" && Object.keys(result.value.settings)).toHaveLength(4);
  });

  it("[O4] every setting that the server reads is among them", () => {
    const source = readFileSync(resolve(import.meta.dirname, "../../durable-objects/settings.ts"), "utf8");
    const names = [...source.matchAll(/(?:"|`|^ {2})([A-Z]{2,}(?:_[A-Z]+)*)(?:"|`|: \{)/gm)].map(
      ([, name = ""]) => name,
    );
    expect(names.length).toBeGreaterThan(10);
    expect(names.filter((name) => !isSetting(name))).toEqual([]);
  });
});
