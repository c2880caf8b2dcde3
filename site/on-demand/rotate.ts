import type { Dashboard } from "../../protocol/dashboard.ts";
import { announce } from "../announce.tsx";
import { searchWith } from "../page/page-options.ts";
import { dashboardInPath, dashboardPath, navigate, path, search } from "../route.ts";
import type { View } from "../time/view.ts";
import { nextDashboard, rotationOf } from "./rotation.ts";

const LOOK_MS = 250;
/** What somebody does who looks closer: he is not taken away from it. */
const TOUCHES = ["pointerdown", "pointermove", "wheel", "keydown"];

let dashboards: readonly Dashboard[] = [];
let view: View | undefined;

/** Goes round the dashboards that the address names, if it does: from now on of these. */
export function rotate(known: readonly Dashboard[], shownIn: View): void {
  dashboards = known;
  if (view === undefined) begin();
  view = shownIn;
}

function begin(): void {
  let sinceMs = performance.now();
  let shown = path.value;
  const wait = (): void => {
    sinceMs = performance.now();
  };
  for (const type of TOUCHES) addEventListener(type, wait, { passive: true });
  setInterval(() => {
    const names = dashboards.map(({ name }) => name);
    const rotation = rotationOf(search.value, names);
    if (rotation === undefined || view?.pausedAtMs.value !== undefined || path.value !== shown) wait();
    shown = path.value;
    if (rotation === undefined || performance.now() - sinceMs < rotation.everyMs) return;
    const next = nextDashboard(rotation.names, dashboardInPath(shown) ?? names[0]);
    if (next === undefined) return;
    // A day on the wall leaves no thousand steps to go back.
    navigate(dashboardPath(next) + searchWith(search.value, "panel", undefined), true);
    announce(`${dashboards.find(({ name }) => name === next)?.title}.`);
  }, LOOK_MS);
}
