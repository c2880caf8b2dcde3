import { type Refusal, planMoved, tooManyPoints } from "./window-query.ts";

/** An answer would hold, or read, more points than there is memory or time for. */
export class TooManyPointsError extends Error {
  override name = "TooManyPointsError";
}

/** Points are not where a plan says: they were rolled up, expired, computed anew or defined anew since it was made. */
export class PlanMovedError extends Error {
  override name = "PlanMovedError";
}

/** Why a reading is refused, as it crosses to another object. Whatever else was thrown is thrown again. */
export function refusalOf(error: unknown): Refusal {
  if (error instanceof TooManyPointsError) return tooManyPoints(error);
  if (error instanceof PlanMovedError) return planMoved();
  throw error;
}

/** What {@link refusalOf} was given. */
export function errorOf({ reason, message }: Refusal): Error {
  return reason === "moved" ? new PlanMovedError(message) : new TooManyPointsError(message);
}
