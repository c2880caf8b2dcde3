import { ceilTo } from "../engine/rollup.ts";
import { floorTo } from "../engine/windows.ts";
import type { Asked } from "./plan.ts";

/** What one page of a question asks for, and where the next one begins, epoch ms; absent: it is the last. */
export interface Page {
  asked: Pick<Asked, "fromMs" | "toMs" | "upToNow">;
  nextMs?: number;
}

/**
 * The first `steps` steps of a question, so that pages that follow one another have each step once.
 *
 * @param firstEndMs the end of the first window that there is: time before it fills no page.
 */
export function firstPage(
  { fromMs, toMs, upToNow }: Page["asked"],
  { stepMs, steps, firstEndMs }: { stepMs: number; steps: number; firstEndMs: number },
): Page {
  const first = ceilTo(Math.max(fromMs, Math.min(firstEndMs, toMs)), stepMs);
  const last = first + (steps - 1) * stepMs;
  if (last >= floorTo(upToNow ? toMs + stepMs : toMs, stepMs)) return { asked: { fromMs, toMs, upToNow } };
  return { asked: { fromMs, toMs: last, upToNow: false }, nextMs: last + 1 };
}
