import { describe, expect, it } from "vitest";
import { HOSTILE_JSON, hostileValues, isPolluted } from "../test/helpers/hostile-json.ts";
import { parseEvent } from "./event.ts";

const FIELDS = ["name", "ts", "id", "user", "value", "props", "sentAt"];
const CLOCK = { receivedMs: Date.UTC(2026, 10, 1), skewMs: 0 };

describe("[I5] hostile events", () => {
  it.each(HOSTILE_JSON)("[I5] %s is no event", (_, text) => {
    const parsed = parseEvent(JSON.parse(text), CLOCK);
    expect(parsed.ok).toBe(false);
    expect(!parsed.ok && parsed.message.length).toBeLessThan(300);
    expect(isPolluted()).toBe(false);
  });

  it.each(FIELDS)(
    "[I5] as the field %s each is taken as a plain value or refused, and never gets through nested",
    (field) => {
      for (const [what, value] of hostileValues()) {
        const parsed = parseEvent({ name: "e", ts: 1e12, [field]: value }, CLOCK);
        if (parsed.ok) expect(JSON.stringify(parsed.value).length, what).toBeLessThan(100_000);
        else expect(parsed.message.length, what).toBeLessThan(300);
      }
      expect(isPolluted()).toBe(false);
    },
  );

  it("[I5] as a prop each is a scalar or refused", () => {
    for (const [what, value] of hostileValues()) {
      const parsed = parseEvent({ name: "e", props: { k: value } }, CLOCK);
      if (parsed.ok) expect(typeof value === "object" && value !== null, what).toBe(false);
      else expect(parsed.reason, what).toBe("props");
    }
  });

  it("[I5] __proto__ as a prop's key is refused; constructor is a key like others", () => {
    const parse = (props: string) => parseEvent(JSON.parse(`{"name":"e","props":${props}}`), CLOCK);
    expect(parse('{"__proto__":1}')).toMatchObject({
      reason: "props",
      message: "props holds the key '__proto__', which is not allowed",
    });
    expect(parse('{"constructor":1,"hasOwnProperty":2}')).toMatchObject({ ok: true });
  });
});
