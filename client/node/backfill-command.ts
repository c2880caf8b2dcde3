import { setTimeout as sleep } from "node:timers/promises";
import type { BackfillStatus } from "../../protocol/backfill.ts";
import { CatalogClient } from "./apply/catalog-client.ts";
import { BACKFILL_USAGE, parseBackfillOptions } from "./apply/command-options.ts";
import type { CommandSurroundings } from "./command.ts";

const LOOK_EVERY_MS = 1_000;

/** `freshet backfill`: begins a backfill and follows it to its end. */
export async function backfillCommand(args: string[], around: CommandSurroundings): Promise<number> {
  const options = parseBackfillOptions(args, around.env);
  if (!options.ok) {
    around.complain(`freshet backfill: ${options.message}\n\n${BACKFILL_USAGE}`);
    return 2;
  }
  if (options.value === "help") {
    around.write(BACKFILL_USAGE);
    return 0;
  }
  const { url, key, metric, ...span } = options.value;
  try {
    const catalog = new CatalogClient({ url, key, signal: around.signal });
    let status = await catalog.startBackfill(metric, span);
    for (let told = ""; status.state === "waiting" || status.state === "running";) {
      const line = textOf(status);
      if (line !== told) around.write(`${line}\n`);
      told = line;
      await sleep(LOOK_EVERY_MS, undefined, { signal: around.signal });
      const { id } = status;
      status = (await catalog.backfills(metric)).find((each) => each.id === id) ?? status;
    }
    around.write(`${textOf(status)}\n`);
    return status.state === "done" ? 0 : 1;
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const isBrokenOff = around.signal.aborted;
    around.complain(
      `freshet backfill: ${isBrokenOff ? "the server goes on without being followed" : message}\n`,
    );
    return 1;
  }
}

/** Such as `ad_clicks: running, 42 %, 1200000 events read, 8600 points`. */
function textOf({ metric, state, progress, events, points, filesGone, reason }: BackfillStatus): string {
  const gone = filesGone === 0 ? [] : [`${filesGone} files are gone from the archive`];
  const parts = [
    state,
    `${Math.floor(progress * 100)} %`,
    `${events} events read`,
    `${points} points`,
    ...gone,
  ];
  return `${metric}: ${parts.join(", ")}${reason === undefined ? "" : `: ${reason}`}`;
}
