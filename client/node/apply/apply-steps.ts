import type { Definition } from "./definition.ts";
import type { Step } from "./plan.ts";

/** What takes the steps. Both reject with a sentence when it could not be done. */
export interface CatalogWriter {
  put: (definition: Definition) => Promise<void>;
  remove: (definition: Definition) => Promise<void>;
}

export interface Applied {
  done: Step[];
  /** The step that failed. Where no answer came it may have been taken all the same. */
  failure?: { step: Step; message: string };
  left: Step[];
}

/** Takes one step after another, and none after one that failed. */
export async function applySteps(
  steps: readonly Step[],
  catalog: CatalogWriter,
  onDone: (step: Step) => void,
): Promise<Applied> {
  for (const [i, step] of steps.entries()) {
    try {
      await (step.action === "delete" ? catalog.remove(step.definition) : catalog.put(step.definition));
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      return { done: steps.slice(0, i), failure: { step, message }, left: steps.slice(i + 1) };
    }
    onDone(step);
  }
  return { done: [...steps], left: [] };
}
