import { homedir } from "node:os";
import { join } from "node:path";

/** Where downloads that outlive a checkout are kept; `FRESHET_CACHE` moves it. */
export function cacheFolder(): string {
  return process.env["FRESHET_CACHE"] ?? join(homedir(), ".cache", "freshet");
}
