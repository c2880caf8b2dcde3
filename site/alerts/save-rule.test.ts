import { describe, expect, it } from "vitest";
import type { AlertSource } from "../../protocol/alert.ts";
import type { CatalogChangeRequest } from "../../protocol/catalog-change.ts";
import { RequestError } from "../api.ts";
import type { Requests } from "../build/requests.ts";
import { deleteRule, saveRule } from "./save-rule.ts";

const rule = (condition: string, webhook?: string): AlertSource => ({
  name: "busy",
  metric: "clicks",
  condition,
  ...(webhook !== undefined && { webhook }),
});
const [FIRST, MINE, THEIRS] = [rule("> 1"), rule("> 2"), rule("> 3")];
const whole = (base?: AlertSource) => ({ rule: base, isWhole: true });

/** A catalog that holds one rule, or none; `overtaken`: somebody stores that between the look and the change. */
function catalog(held: AlertSource | undefined, overtaken?: AlertSource) {
  const asked: CatalogChangeRequest[] = [];
  let definition = held;
  return {
    asked,
    stored: (() =>
      Promise.resolve(definition === undefined ? {} : { definition, tag: '"1"' })) as Requests["stored"],
    change: (changes: readonly CatalogChangeRequest[]) => {
      asked.push(...changes);
      definition = overtaken ?? definition;
      const isMade = definition !== undefined && changes[0]?.ifNoneMatch === "*";
      if (overtaken === undefined && !isMade) return Promise.resolve([]);
      return Promise.reject(new RequestError(412, "overtaken"));
    },
  };
}

describe("a rule that is saved", () => {
  it("[A1] takes the place of just what its form was made of", async () => {
    const server = catalog(FIRST);
    expect(await saveRule(MINE, whole(FIRST), false, server)).toBeUndefined();
    expect(server.asked).toEqual([{ kind: "alerts", name: "busy", put: MINE, ifMatch: '"1"' }]);
    const empty = catalog(undefined);
    expect(await saveRule(MINE, whole(), false, empty)).toBeUndefined();
    expect(empty.asked).toEqual([{ kind: "alerts", name: "busy", put: MINE, ifNoneMatch: "*" }]);
  });

  it.each([
    ["changed", THEIRS, FIRST],
    ["removed", undefined, FIRST],
    ["made", THEIRS, undefined],
  ])(
    "[A1] is not saved where somebody else has %s it, before the look or after it",
    async (_, theirs, base) => {
      const before = catalog(theirs);
      expect(await saveRule(MINE, whole(base), false, before)).toEqual({ stored: theirs, mine: MINE });
      expect(before.asked).toHaveLength(base === undefined ? 1 : 0);
      const between = catalog(base, theirs ?? THEIRS);
      expect(await saveRule(MINE, whole(base), false, between)).toMatchObject({ mine: MINE });
      expect(between.asked).toHaveLength(1);
    },
  );

  it("[A1] is no conflict with the same rule of somebody else", async () => {
    expect(await saveRule(MINE, whole(FIRST), false, catalog(MINE))).toBeUndefined();
    expect(await saveRule(MINE, whole(), false, catalog(MINE))).toBeUndefined();
  });

  it("[A1] keeps the webhook that nobody has touched, though only an admin key is told of it", async () => {
    const server = catalog(rule("> 1", "https://a.example"));
    expect(await saveRule(MINE, { rule: FIRST, isWhole: false }, true, server)).toBeUndefined();
    expect(server.asked).toMatchObject([{ put: rule("> 2", "https://a.example") }]);
    // Who has seen it is told that it is another.
    const seen = whole(rule("> 1", "https://b.example"));
    const moved = catalog(rule("> 1", "https://a.example"));
    expect(await saveRule(rule("> 1", "https://c.example"), seen, false, moved)).toMatchObject({
      stored: { webhook: "https://a.example" },
      mine: { webhook: "https://c.example" },
    });
  });

  it("[A1] a refusal for another reason is told as ever", async () => {
    const refusing = { ...catalog(FIRST), change: () => Promise.reject(new RequestError(403, "no")) };
    await expect(saveRule(MINE, whole(FIRST), false, refusing)).rejects.toThrow("no");
  });
});

describe("a rule that is deleted", () => {
  it("[A1] is the one that is seen; one that is gone already is no fault", async () => {
    const server = catalog(FIRST);
    expect(await deleteRule(FIRST, whole(FIRST), server)).toBeUndefined();
    expect(server.asked).toEqual([{ kind: "alerts", name: "busy", delete: true, ifMatch: '"1"' }]);
    expect(await deleteRule(FIRST, whole(FIRST), catalog(undefined))).toBeUndefined();
    expect(await deleteRule(FIRST, whole(FIRST), catalog(THEIRS))).toEqual({ stored: THEIRS, mine: FIRST });
    expect(await deleteRule(FIRST, whole(FIRST), catalog(FIRST, THEIRS))).toMatchObject({ stored: THEIRS });
  });
});
