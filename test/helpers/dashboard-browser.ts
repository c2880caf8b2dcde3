import { mkdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Dashboard } from "../../protocol/dashboard.ts";
import { chromiumPath } from "../../tools/services/chromium.ts";
import { ServiceUnavailableError } from "../../tools/services/processes.ts";
import { Freshet, type FreshetOptions } from "./freshet.ts";

const SCREENSHOTS = resolve(import.meta.dirname, "../../.freshet/screenshots");
/** Chromium's own calls home, which a closed network refuses one by one. */
const QUIET = [
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** Where Chromium is, or why there is none. */
export async function findBrowser(): Promise<string | ServiceUnavailableError> {
  return chromiumPath().catch((error: unknown) => {
    if (error instanceof ServiceUnavailableError) return error;
    throw error;
  });
}

/** Says that tests are left out for want of a browser, which `REQUIRE_SERVICES=1` does not allow. */
export function skipWithout(reason: ServiceUnavailableError): void {
  console.log(`SKIPPED: the dashboard in Chromium: ${reason.message}`);
  expect(process.env["REQUIRE_SERVICES"]).not.toBe("1");
}

const found = await findBrowser();

/**
 * Tests in Chromium, on a server of their own. Without a browser, one that says so.
 *
 * @param options how `npm start` starts it.
 */
export function describeInChromium(
  title: string,
  options: FreshetOptions,
  tests: (site: DashboardBrowser) => void,
): void {
  describe(`${title}, in Chromium`, () => {
    if (found instanceof Error) {
      it("[O2] is tested, or its absence said", () => skipWithout(found));
      return;
    }
    const site = new DashboardBrowser();
    beforeAll(() => site.start(found, options));
    afterAll(() => site.stop());
    tests(site);
  });
}

/** A server of its own and a browser that looks at it. */
export class DashboardBrowser {
  #freshet: Freshet | undefined;
  #browser: Browser | undefined;
  /** What pages have complained of on their consoles. */
  readonly errors: string[] = [];

  async start(executablePath: string, options: FreshetOptions): Promise<void> {
    mkdirSync(SCREENSHOTS, { recursive: true });
    this.#freshet = await Freshet.start(options);
    this.#browser = await chromium.launch({
      executablePath,
      args: ["--no-sandbox", "--disable-gpu", "--disable-quic", ...QUIET],
    });
  }

  async stop(): Promise<void> {
    await this.#browser?.close();
    await this.#freshet?.stop();
  }

  get freshet(): Freshet {
    if (this.#freshet === undefined) throw new Error("the server has not been started");
    return this.#freshet;
  }

  get browser(): Browser {
    if (this.#browser === undefined) throw new Error("the browser has not been started");
    return this.#browser;
  }

  /** @param path of this server, or a whole address. */
  async open(
    path: string,
    width = 1_440,
    colorScheme: "dark" | "light" = "dark",
    options: BrowserContextOptions = {},
  ): Promise<Page> {
    const page = await this.browser.newPage({
      viewport: { width, height: width < 500 ? 844 : 1_000 },
      colorScheme,
      ...options,
    });
    page.on("console", (message) => {
      // A page that is taken offline on purpose is told so by the browser.
      const isOffline = message.text().includes("ERR_INTERNET_DISCONNECTED");
      if (message.type() === "error" && !isOffline) this.errors.push(message.text());
    });
    page.on("pageerror", (error) => this.errors.push(error.message));
    await page.goto(new URL(path, this.freshet.url).href);
    return page;
  }

  /** Opens a page and waits for its first chart. */
  async openDrawn(path: string, width?: number, colorScheme?: "dark" | "light"): Promise<Page> {
    const page = await this.open(path, width, colorScheme);
    await page.locator("canvas").first().waitFor();
    return page;
  }

  async putDashboard(dashboard: Omit<Dashboard, "panels"> & { panels: object[] }): Promise<void> {
    const path = `/v1/catalog/dashboards/${dashboard.name}`;
    const response = await this.freshet.fetch(path, { method: "PUT", body: JSON.stringify(dashboard) });
    if (!response.ok) throw new Error(`PUT ${path}: ${response.status} ${await response.text()}`);
  }
}

/** Keeps a picture of the page beside the state folder, outside of git. */
export async function screenshot(page: Page, name: string, fullPage = false): Promise<void> {
  await page.screenshot({ path: join(SCREENSHOTS, `${name}.png`), fullPage });
}

/** Painted pixels of the page's first canvas within `[from, to]` of its width. */
export async function inkOf(page: Page, from = 0, to = 1): Promise<number> {
  await page.locator("canvas").first().waitFor();
  return page.evaluate(
    ([first = 0, last = 1]) => {
      const canvas = document.querySelector("canvas");
      if (canvas === null) return 0;
      const left = Math.floor(canvas.width * first);
      const width = Math.max(1, Math.floor(canvas.width * (last - first)));
      const data = canvas.getContext("2d")?.getImageData(left, 0, width, canvas.height).data ?? [];
      let painted = 0;
      for (let i = 3; i < data.length; i += 4) if (data[i] !== 0) painted++;
      return painted;
    },
    [from, to],
  );
}
