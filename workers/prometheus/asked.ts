import type { Context } from "hono";
import { settingsOf } from "../../durable-objects/env.ts";
import { type App, authorize } from "../authorize.ts";
import { HotQueries } from "./hot-queries.ts";
import { parametersOf } from "./parameters.ts";
import { WindowSeries } from "./window-series.ts";

/** What is asked, and where it is answered. */
export interface Asked {
  parameters: URLSearchParams;
  windows: WindowSeries;
  /** Absent: no hot store is set. */
  hot?: HotQueries;
}

/** Checks the key and reads the parameters. */
export async function readRequest(c: Context<App>): Promise<Asked> {
  const { project } = await authorize(c, "read", "admin");
  const { hotQuery } = settingsOf(c.env);
  return {
    parameters: await parametersOf(c.req.raw),
    windows: new WindowSeries(c.env, project),
    ...(hotQuery === undefined ? {} : { hot: new HotQueries(hotQuery, project) }),
  };
}
