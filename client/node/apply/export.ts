import type { CommandSurroundings } from "../command.ts";
import { CatalogClient, type Listed } from "./catalog-client.ts";
import type { Shelf } from "./definition.ts";
import { EXPORT_USAGE, parseExportOptions } from "./command-options.ts";

/** `freshet export`: writes what the server has as one JSON that `freshet apply` takes. */
export async function exportCommand(args: string[], around: CommandSurroundings): Promise<number> {
  const options = parseExportOptions(args, around.env);
  if (!options.ok) {
    around.complain(`freshet export: ${options.message}\n\n${EXPORT_USAGE}`);
    return 2;
  }
  if (options.value === "help") {
    around.write(EXPORT_USAGE);
    return 0;
  }
  try {
    const catalog = new CatalogClient({ ...options.value, signal: around.signal });
    const metrics = await catalog.list("metrics");
    const dashboards = await catalog.list("dashboards");
    const alerts = await catalog.list("alerts");
    around.write(exportText({ metrics, dashboards, alerts }));
    return 0;
  } catch (error) {
    around.complain(`freshet export: ${error instanceof Error ? error.message : String(error)}\n`);
    return 1;
  }
}

/** The names come first, for who reads it. */
function exportText(shelves: Record<Shelf, readonly Listed[]>): string {
  const nameFirst = ({ name, ...rest }: Listed) => ({ name, ...rest });
  const all = Object.fromEntries(
    Object.entries(shelves).map(([shelf, listed]) => [shelf, listed.map(nameFirst)]),
  );
  return `${JSON.stringify(all, null, 2)}\n`;
}
