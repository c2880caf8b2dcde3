import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { SeenEvent } from "../../protocol/observe.ts";
import { parseWhere } from "../../protocol/where.ts";
import { propName, whereExample } from "./where-help.ts";

const eventOf = (name: string, ...examples: string[]): SeenEvent => ({
  name: "e",
  count: 1,
  lastReceivedMs: 1,
  mostBehindMs: 1,
  fields: [{ name, isProp: true, types: { string: 1 }, examples, more: false }],
});

describe("[U11] help with conditions", () => {
  it("[U11] the example is of the event's own fields, as they are written", () => {
    expect(whereExample(eventOf("country", "DE"))).toBe("country = 'DE'");
    expect(whereExample(eventOf("国", "it's", "日本"))).toBe("`国` = '日本'");
    expect(whereExample(eventOf("value", "a"))).toBe("`value` = 'a'");
    expect(whereExample(undefined)).toBe(whereExample(eventOf("country")));
  });

  it("[U11] every name is written so that it is read as that prop", () => {
    const names = fc.oneof(
      fc.string({ minLength: 1, maxLength: 20 }),
      fc.constantFrom("In", "ts", "props.x", "a-b", "größe", "NULL", "startsWith", "`", "\\"),
    );
    fc.assert(
      fc.property(names, (name) => {
        expect(parseWhere(`${propName(name)} = 1`)).toMatchObject({
          ok: true,
          value: { left: { type: "prop", name } },
        });
      }),
    );
  });
});
