import type { CommandSurroundings } from "../command.ts";
import { CatalogClient, RefusedError } from "./catalog-client.ts";
import { emptyPanels, faultsAgainst, faultsAmong, unknownFields } from "./check-definitions.ts";
import { APPLY_USAGE, type ApplyOptions, parseApplyOptions } from "./command-options.ts";
import { type Definition, storedDefinition } from "./definition.ts";
import { type FileDefinition, parseFiles } from "./parse-files.ts";
import { planOf } from "./plan.ts";
import { appliedText, failedText, planText } from "./plan-text.ts";
import { readFiles } from "./read-files.ts";

/** `freshet apply`: makes the server have what files define, or says why not and changes nothing. */
export async function applyCommand(args: string[], around: CommandSurroundings): Promise<number> {
  const options = parseApplyOptions(args, around.env);
  if (!options.ok) {
    around.complain(`freshet apply: ${options.message}\n\n${APPLY_USAGE}`);
    return 2;
  }
  if (options.value === "help") {
    around.write(APPLY_USAGE);
    return 0;
  }
  try {
    return await apply(options.value, around);
  } catch (error) {
    around.complain(`freshet apply: ${error instanceof Error ? error.message : String(error)}\n`);
    return 1;
  }
}

async function apply(options: ApplyOptions, around: CommandSurroundings): Promise<number> {
  const read = await readFiles(options.paths, around.stdin);
  const { definitions: wanted, faults } = parseFiles(read.files);
  if (read.faults.length + faults.length > 0) {
    return refuse([...read.faults, ...faults, ...faultsAmong(wanted)], around);
  }
  // Most likely the wrong folder.
  if (wanted.length === 0 && options.prune) return refuse(["the files define nothing to keep"], around);
  const catalog = new CatalogClient({ ...options, signal: around.signal });
  const stored = await storedIn(catalog);
  const unfit = faultsAgainst(wanted, stored, options.prune);
  if (unfit.length > 0) return refuse(unfit, around);
  return carryOut(wanted, stored, catalog, options, around);
}

async function carryOut(
  wanted: FileDefinition[],
  stored: Definition[],
  catalog: CatalogClient,
  { url, prune, dryRun }: ApplyOptions,
  { write, complain }: CommandSurroundings,
): Promise<number> {
  const notes = [...unknownFields(wanted), ...emptyPanels(wanted, stored, prune)];
  for (const sentence of notes) complain(`note: ${sentence}\n`);
  const plan = planOf(wanted, stored, prune);
  write(`${url}\n${planText(plan)}`);
  if (plan.steps.length === 0) return 0;
  if (dryRun) {
    write("Nothing was sent: it is a dry run.\n");
    return 0;
  }
  try {
    await catalog.change(plan.steps);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    complain(failedText(message, error instanceof RefusedError));
    return 1;
  }
  write(appliedText(plan.steps));
  return 0;
}

async function storedIn(catalog: CatalogClient): Promise<Definition[]> {
  const metrics = await catalog.list("metrics");
  const dashboards = await catalog.list("dashboards");
  const alerts = await catalog.list("alerts");
  return [
    ...metrics.map((raw) => storedDefinition("metrics", raw)),
    ...dashboards.map((raw) => storedDefinition("dashboards", raw)),
    ...alerts.map((raw) => storedDefinition("alerts", raw)),
  ];
}

function refuse(faults: readonly string[], { complain }: CommandSurroundings): number {
  const count = faults.length === 1 ? "one fault" : `${faults.length} faults`;
  complain(`freshet apply: ${count}; nothing was changed\n${faults.map((fault) => `  ${fault}\n`).join("")}`);
  return 1;
}
