import { createContext } from "preact";
import { useContext } from "preact/hooks";
import type { QueryAnswer } from "../../protocol/series.ts";
import { get } from "../api.ts";
import { queryPath, type RunQuery } from "./past-series.ts";
import type { View } from "../time/view.ts";

/** Asks this page's server with `key`. */
export function queriesWith(key: string, view: View): RunQuery {
  return async (request, signal) => {
    const answer = await get(queryPath(request), key, view, signal);
    return answer as unknown as QueryAnswer;
  };
}

export const QueryContext = createContext<RunQuery | undefined>(undefined);

/** How to ask for the past; only for components below the provider. */
export function useQuery(): RunQuery {
  const query = useContext(QueryContext);
  if (query === undefined) throw new Error("useQuery is called outside of QueryContext");
  return query;
}
