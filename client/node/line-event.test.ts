import { expect, test } from "vitest";
import { parseEvent } from "../../protocol/event.ts";
import { eventOfLine } from "./line-event.ts";

test.each([
  ["", undefined],
  ["   ", undefined],
  ["GET /index 200", { name: "log", ts: 7, props: { line: "GET /index 200" } }],
  ['{"name":"signup","user":"u1"}', { name: "signup", user: "u1", ts: 7 }],
  ['{"name":"signup","ts":"2026-11-01"}', { name: "signup", ts: "2026-11-01" }],
  ['{"level":"info","ms":3}', { name: "log", ts: 7, props: { level: "info", ms: 3 } }],
  ['{"value":3,"host":"a"}', { name: "log", ts: 7, value: 3, props: { host: "a" } }],
  ['{"name":"x","extra":1,"props":{"a":1}}', { name: "x", ts: 7, props: { extra: 1, a: 1 } }],
  ['{"level":"info","ctx":{"a":[1]}}', { name: "log", ts: 7, props: { level: "info", ctx: '{"a":[1]}' } }],
  ["{not json", { name: "log", ts: 7, props: { line: "{not json" } }],
  ["[1,2]", { name: "log", ts: 7, props: { line: "[1,2]" } }],
])("[I8] the line '%s'", (line, event) => {
  expect(eventOfLine(line, "log", 7)).toEqual(event);
});

test("[I8] a long line is cut to what a prop may hold, between characters", () => {
  const event = eventOfLine(`ab${"é".repeat(2_000)}`, "log", 7);
  expect(parseEvent(event, { receivedMs: 7, skewMs: 0 })).toMatchObject({ ok: true });
  expect(event?.["props"]).toEqual({ line: `ab${"é".repeat(511)}` });
});
