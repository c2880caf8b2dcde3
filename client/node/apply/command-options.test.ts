import { expect, test } from "vitest";
import { parseApplyOptions, parseExportOptions } from "./command-options.ts";

test("[M1] reads every option of apply", () => {
  const args = ["a.json", "--url", "https://e.example", "--prune", "more", "--key", "k", "--dry-run"];
  expect(parseApplyOptions(args, {})).toEqual({
    ok: true,
    value: { paths: ["a.json", "more"], url: "https://e.example", key: "k", dryRun: true, prune: true },
  });
});

test("[M1] without options: the folder freshet, this machine, and a key of the environment", () => {
  expect(parseApplyOptions([], { FRESHET_KEY: "k", FRESHET_URL: "" })).toEqual({
    ok: true,
    value: { paths: ["freshet"], url: "http://localhost:8787", key: "k", dryRun: false, prune: false },
  });
});

test("[M1] address and key of the command line go before those of the environment", () => {
  const env = { FRESHET_URL: "https://e.example", FRESHET_KEY: "of-env" };
  expect(parseExportOptions([], env)).toMatchObject({ value: { url: "https://e.example", key: "of-env" } });
  expect(parseExportOptions(["--url", "http://other", "--key", "k"], env)).toMatchObject({
    value: { url: "http://other", key: "k" },
  });
});

test("[M1] standard input is a file, and help needs nothing else", () => {
  expect(parseApplyOptions(["-"], { FRESHET_KEY: "k" })).toMatchObject({ value: { paths: ["-"] } });
  expect(parseApplyOptions(["-h"], {})).toMatchObject({ value: "help" });
  expect(parseExportOptions(["--help"], {})).toMatchObject({ value: "help" });
});

test.each([
  [[], "--key is missing; expected an admin key"],
  [["--key", ""], "--key is missing"],
  [["--key", "k", "--url", "localhost:8787"], "--url is 'localhost:8787'"],
  [["--key", "k", "--force"], "--force"],
  [["--key"], "--key"],
  [["--key", "k", "--prune=yes"], "--prune"],
])("[M1] %j is refused with a sentence that names the option", (args, message) => {
  const options = parseApplyOptions(args, {});
  expect(options.ok ? "" : options.message).toContain(message);
});

test("[M1] export takes no file", () => {
  const options = parseExportOptions(["--key", "k", "out.json"], {});
  expect(options.ok ? "" : options.message).toContain("out.json");
});
