import { existsSync } from "node:fs";
import { installDebianPackage } from "./debian.ts";
import { commandPath, ServiceUnavailableError } from "./processes.ts";

const NAMES = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
const MAC_PATH = "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome";

/**
 * The path of a Chromium that `playwright-core` can drive; installs Debian's when we are root and there is none.
 *
 * @throws ServiceUnavailableError with the reason, for a SKIPPED line. `CHROMIUM` names another browser.
 */
export async function chromiumPath(): Promise<string> {
  const given = process.env["CHROMIUM"];
  if (given !== undefined) {
    if (existsSync(given)) return given;
    throw new ServiceUnavailableError(`CHROMIUM is '${given}', and there is no such file`);
  }
  return findChromium() ?? (await installChromium());
}

function findChromium(): string | undefined {
  if (existsSync(MAC_PATH)) return MAC_PATH;
  for (const name of NAMES) {
    const path = commandPath(name);
    if (path !== undefined) return path;
  }
  return undefined;
}

async function installChromium(): Promise<string> {
  await installDebianPackage("chromium");
  const path = findChromium();
  if (path === undefined) throw new ServiceUnavailableError("Debian's chromium installed no 'chromium'");
  return path;
}
