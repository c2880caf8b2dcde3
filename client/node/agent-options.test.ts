import { expect, test } from "vitest";
import { parseAgentOptions } from "./agent-options.ts";

const GOOD = ["--url", "http://localhost:8787", "--key", "k", "--stdin"];

test("[I8] reads every option", () => {
  const args = [
    ...GOOD,
    "--host-metrics",
    "--interval",
    "5s",
    "--tail",
    "a",
    "--tail",
    "b",
    "--event",
    "line",
  ];
  expect(parseAgentOptions(args, {})).toEqual({
    ok: true,
    value: {
      url: "http://localhost:8787",
      key: "k",
      hostMetrics: true,
      intervalMs: 5_000,
      stdin: true,
      tail: ["a", "b"],
      eventName: "line",
    },
  });
});

test("[I8] address and key may come from the environment", () => {
  const env = { FRESHET_URL: "https://e.example", FRESHET_KEY: "secret" };
  expect(parseAgentOptions(["--stdin"], env)).toMatchObject({
    value: { url: "https://e.example", key: "secret" },
  });
});

test("[I8] help needs nothing else", () => {
  expect(parseAgentOptions(["--help"], {})).toMatchObject({ ok: true, value: "help" });
});

test.each([
  [["--key", "k", "--stdin"], "--url"],
  [["--url", "localhost:8787", "--key", "k", "--stdin"], "--url is 'localhost:8787'"],
  [["--url", "http://localhost", "--stdin"], "--key is missing"],
  [["--url", "http://localhost", "--key", "k"], "nothing to send"],
  [[...GOOD, "--interval", "soon"], "--interval is 'soon'"],
  [[...GOOD, "--interval", "1ms"], "--interval is '1ms'"],
  [[...GOOD, "--event", ""], "--event is empty"],
  [[...GOOD, "--verbose"], "--verbose"],
  [[...GOOD, "stray"], "stray"],
])("[I8] %j is refused with a sentence that names the option", (args, message) => {
  const result = parseAgentOptions(args, {});
  expect(result.ok ? "" : result.message).toContain(message);
});
