import { isObject } from "../../protocol/result.ts";
import { navigate } from "../route.ts";

/**
 * Leaves a form for the page under it: by a step back where it was opened from there, so that this page is not in the
 * browser's history twice.
 */
export function closeTo(href: string): void {
  const state: unknown = history.state;
  if (isObject(state) && state["from"] === new URL(href, location.href).href) history.back();
  else navigate(href, true);
}
