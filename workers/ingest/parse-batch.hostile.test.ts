import { describe, expect, it } from "vitest";
import { HOSTILE_JSON, isPolluted } from "../../test/helpers/hostile-json.ts";
import { HttpError } from "../http-error.ts";
import { parseBatch } from "./parse-batch.ts";

const parse = (text: string) =>
  parseBatch(text, {
    receivedMs: Date.UTC(2026, 10, 1),
    futureLimitMs: 5_000,
    sentAt: undefined,
    isAscii: false,
  });

const refusal = (text: string): unknown => {
  try {
    return parse(text);
  } catch (error) {
    return error instanceof HttpError ? [error.status, error.code, error.message] : error;
  }
};

const NOT_JSON = [400, "malformed", "the body is not JSON"];
const NEITHER = [400, "malformed", "the body is neither JSON nor NDJSON"];

describe("[I5] hostile bodies", () => {
  it.each(HOSTILE_JSON)("[I5] %s: nothing of it is accepted, nothing unforeseen is thrown", (_, text) => {
    let error: unknown;
    try {
      expect(parse(text).accepted).toBe(0);
    } catch (thrown) {
      error = thrown;
    }
    if (error !== undefined) expect(error).toBeInstanceOf(HttpError);
    expect(isPolluted()).toBe(false);
  });

  it.each(HOSTILE_JSON.filter(([, text]) => text.length < 100_000))(
    "[I5] %s between two events: those are accepted, it alone is named",
    (_, text) => {
      for (const body of [`[{"name":"a"},${text},{"name":"b"}]`, `{"name":"a"}\n${text}\n{"name":"b"}`]) {
        const batch = parse(body);
        expect(batch.accepted).toBe(2);
        expect(batch.rejected.map(({ index }) => index)).toEqual([1]);
        expect(batch.rejected[0]?.message.length).toBeLessThan(300);
      }
    },
  );

  it.each([
    ["nothing", "", [400, "malformed", "the body is empty"]],
    ["white space", " \r\n\t\n", [400, "malformed", "the body is empty"]],
    ["a byte order mark", "\ufeff", [400, "malformed", "the body is empty"]],
    ["a NUL", "\0", NEITHER],
    ["an event and a NUL", '{"name":"e"}\0', NEITHER],
    ["NaN", '{"name":"e","value":NaN}', NEITHER],
    ["Infinity in an array", '[{"name":"e","value":Infinity}]', NOT_JSON],
    ["a hexadecimal number", '[{"name":"e","value":0x10}]', NOT_JSON],
    ["a leading plus", '[{"name":"e","value":+1}]', NOT_JSON],
    ["a trailing comma", '[{"name":"e"},]', NOT_JSON],
    ["a trailing comma in an object", '{"name":"e",}', NEITHER],
    ["a comment", '[/* */{"name":"e"}]', NOT_JSON],
    ["single quotes", "[{'name':'e'}]", NOT_JSON],
    ["a raw control character in a string", '[{"name":"a\u0001"}]', NOT_JSON],
    ["two arrays", '[{"name":"e"}][{"name":"e"}]', NOT_JSON],
    ["arrays that never end", "[".repeat(1_000_000), NOT_JSON],
    ["objects that never end", '{"a":'.repeat(1_000_000), NEITHER],
    ["an array cut short", '[{"name":"a"},\n{"name":"b"}', NOT_JSON],
    ["an array over lines, cut short", '[\n{"name":"a"},\n{"name":"b"}\n', NOT_JSON],
    ["an array over lines, with a trailing comma", '[\n{"name":"a"},\n{"name":"b"},\n]', NOT_JSON],
    ["a wrapper over lines, cut short", '{"events":[\n{"name":"a"},\n{"name":"b"}\n', NOT_JSON],
    ["an indented wrapper, cut short", '{\n"events":\n[\n{"name":"a"}\n', NOT_JSON],
    ["form data", "name=e&value=1", NEITHER],
    ["a protobuf", "\n\u0003abc\u0012\u0000", NEITHER],
  ])("[I5] %s is refused whole", (_, text, answer) => {
    expect(refusal(text)).toEqual(answer);
  });

  it("[I5] 10,000 events are taken, one more refuses the request with the bound and the value", () => {
    const array = (count: number) => `[${Array.from({ length: count }, () => '{"name":"e"}').join()}]`;
    expect(parse(array(10_000)).accepted).toBe(10_000);
    const tooMany = [413, "too_many_events", "the request has 10001 events; the bound is 10000"];
    expect(refusal(array(10_001))).toEqual(tooMany);
    expect(refusal('{"name":"e"}\n'.repeat(10_001))).toEqual(tooMany);
    expect(refusal(`${"{}\n".repeat(10_000)}broken`)).toEqual(tooMany);
  });

  it("[I5] of a key that comes twice the last counts, as JSON.parse has it", () => {
    expect(parse('{"name":"a","name":"b","ts":1e12}').parts[0]?.text).toBe('{"name":"b","ts":1000000000000}');
  });

  it("[I5] as the wrapper's members", () => {
    for (const [what, text] of HOSTILE_JSON) {
      for (const body of [
        `{"events":${text}}`,
        `{"events":[],"batch":${text}}`,
        `{"events":[],"sentAt":${text}}`,
      ]) {
        const answer = refusal(body);
        if (Array.isArray(answer)) expect(answer[0], what).toBe(400);
        else expect(answer, what).toMatchObject({ accepted: 0 });
      }
    }
    expect(isPolluted()).toBe(false);
  });
});
