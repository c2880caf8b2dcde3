import { announce } from "../announce.tsx";
import { fragment, navigate, path, search } from "../route.ts";
import { isFixed, isRangeUnreadable, rangeInSearch, searchWithRange } from "./time-range.ts";
import type { View } from "./view.ts";

/** Panning changes the range many times in a row: the address follows when it rests. */
const REST_MS = 400;

export const UNREADABLE_RANGE = "The range in the address cannot be shown; this is the dashboard’s own.";

/** Keeps the view's range and the address's `from` and `to` alike, so that a link shows what is seen. The result ends it. */
export function keepRangeInUrl(view: View): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const read = (): void => {
    const range = rangeInSearch(search.value, view.clockMs());
    if (isRangeUnreadable(search.value, view.clockMs())) announce(UNREADABLE_RANGE);
    if (searchWithRange("", range) !== searchWithRange("", view.range.value)) view.choose(range);
  };
  const write = (): void => {
    const next = searchWithRange(search.value, view.range.value);
    if (next !== search.value) navigate(path.value + next + fragment.value);
  };
  read();
  const stops = [
    search.subscribe(read),
    view.range.subscribe(() => {
      clearTimeout(timer);
      if (isFixed(view.range.value)) timer = setTimeout(write, REST_MS);
      else write();
    }),
  ];
  return () => {
    clearTimeout(timer);
    for (const stop of stops) stop();
  };
}
