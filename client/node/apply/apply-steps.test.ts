import { expect, test } from "vitest";
import { applySteps } from "./apply-steps.ts";
import type { Definition } from "./definition.ts";
import type { Step } from "./plan.ts";

const step = (name: string, action: "create" | "delete"): Step => ({
  action,
  definition: { kind: "metric", name, source: {} },
});
const STEPS = [step("a", "create"), step("b", "create"), step("c", "delete")];

function catalog(failing?: string) {
  const asked: string[] = [];
  const ask = (what: string) => async (definition: Definition) => {
    asked.push(`${what} ${definition.name}`);
    if (definition.name === failing) throw new Error(`${definition.name} was refused`);
  };
  return { asked, put: ask("put"), remove: ask("remove") };
}

test("[M1] takes the steps in their order and tells of each", async () => {
  const server = catalog();
  const told: string[] = [];
  const applied = await applySteps(STEPS, server, ({ definition }) => told.push(definition.name));
  expect(server.asked).toEqual(["put a", "put b", "remove c"]);
  expect(told).toEqual(["a", "b", "c"]);
  expect(applied).toEqual({ done: STEPS, left: [] });
});

test("[M1] takes no step after one that failed", async () => {
  const server = catalog("b");
  const told: string[] = [];
  const applied = await applySteps(STEPS, server, ({ definition }) => told.push(definition.name));
  expect(server.asked).toEqual(["put a", "put b"]);
  expect(told).toEqual(["a"]);
  expect(applied).toEqual({
    done: [STEPS[0]],
    failure: { step: STEPS[1], message: "b was refused" },
    left: [STEPS[2]],
  });
});
