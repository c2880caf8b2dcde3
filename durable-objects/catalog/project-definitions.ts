import type { Definitions } from "./definitions.ts";
import { compileMetric } from "../engine/compiled-metric.ts";
import { placementsOf } from "../engine/placement.ts";
import type { FoldObject } from "../engine/range-fold.ts";
import { catalogOf, type Env } from "../env.ts";

/** The window objects of a project, with what each of them is to be told. */
export interface FoldDefinitions {
  version: number;
  objects: Omit<FoldObject, "applied">[];
}

/** Definitions older than this are fetched again, should the catalog's word have been lost. */
const MAX_AGE_MS = 30_000;

/** What a reader knows of the catalog: fetched when a project is first met, forgotten on the catalog's word. */
export class ProjectDefinitions {
  readonly #env: Env;
  readonly #known = new Map<string, { definitions: FoldDefinitions; fetchedMs: number }>();
  #forgotten = 0;

  constructor(env: Env) {
    this.#env = env;
  }

  /** The definitions in force: any change confirmed before this call is in them. */
  async inForce(project: string): Promise<FoldDefinitions> {
    const known = this.#known.get(project);
    if (known !== undefined && Date.now() - known.fetchedMs < MAX_AGE_MS) return known.definitions;
    for (;;) {
      const forgotten = this.#forgotten;
      const fetched = (await catalogOf(this.#env).definitions(project)) as Definitions;
      // A change confirmed while the answer was on its way may not be in it.
      if (forgotten !== this.#forgotten) continue;
      const objects = placementsOf(project, fetched.metrics).map((placement) => ({
        ...placement,
        metrics: placement.metrics.map(compileMetric),
      }));
      const definitions: FoldDefinitions = { version: fetched.version, objects };
      this.#known.set(project, { definitions, fetchedMs: Date.now() });
      return definitions;
    }
  }

  forget(project: string): void {
    this.#forgotten++;
    this.#known.delete(project);
  }
}
