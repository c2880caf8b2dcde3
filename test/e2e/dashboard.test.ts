import { mkdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type Browser, chromium, type Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Dashboard } from "../../protocol/dashboard.ts";
import { chromiumPath } from "../../tools/services/chromium.ts";
import { ServiceUnavailableError } from "../../tools/services/processes.ts";
import { Freshet } from "../helpers/freshet.ts";

const SCREENSHOTS = resolve(import.meta.dirname, "../../.freshet/screenshots");
/** Chromium's own calls home, which a closed network refuses one by one. */
const QUIET = [
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

const browserPath = await chromiumPath().catch((error: unknown) => {
  if (error instanceof ServiceUnavailableError) return error;
  throw error;
});

const PROBE: Dashboard = {
  name: "probe",
  title: "Probe",
  range: "1m",
  panels: [
    { title: "Seen on a chart", kind: "line", metric: "probe", width: 8, height: 3 },
    { title: "Seen in a list", kind: "toplist", metric: "probe", width: 4, height: 3 },
  ],
};

describe("the dashboard in Chromium", () => {
  if (browserPath instanceof Error) {
    it("[O2] is tested, or its absence said", () => {
      console.log(`SKIPPED: the dashboard in Chromium: ${browserPath.message}`);
      expect(process.env["REQUIRE_SERVICES"]).not.toBe("1");
    });
    return;
  }
  let freshet: Freshet;
  let browser: Browser;
  const errors: string[] = [];

  beforeAll(async () => {
    mkdirSync(SCREENSHOTS, { recursive: true });
    freshet = await Freshet.start({ args: [] });
    browser = await chromium.launch({
      executablePath: browserPath,
      args: ["--no-sandbox", "--disable-gpu", "--disable-quic", ...QUIET],
    });
  });
  afterAll(async () => {
    await browser?.close();
    await freshet?.stop();
  });

  async function open(path: string, width: number, colorScheme: "dark" | "light"): Promise<Page> {
    const page = await browser.newPage({
      viewport: { width, height: width < 500 ? 844 : 1_000 },
      colorScheme,
    });
    page.on("console", (message) => message.type() === "error" && errors.push(message.text()));
    page.on("pageerror", (error) => errors.push(error.message));
    await page.goto(freshet.url + path);
    return page;
  }

  it("[L2] an event that is posted is seen on a chart", async () => {
    await freshet.putMetric({
      name: "probe",
      event: "probe",
      aggregate: "max(value)",
      window: { type: "tumbling", size: "1s" },
      groupBy: ["who"],
    });
    const put = { method: "PUT", body: JSON.stringify(PROBE) };
    expect((await freshet.fetch("/v1/catalog/dashboards/probe", put)).status).toBe(200);
    const page = await open("/d/probe", 1_024, "light");
    const chart = page.getByLabel("Seen on a chart", { exact: true }).first();
    await chart.waitFor();
    expect(await page.locator("canvas").count()).toBe(0);
    for (let second = 0; second < 3; second++) {
      await freshet.post(
        `probe-${second}`,
        JSON.stringify({ name: "probe", value: 42, props: { who: "somebody" } }),
      );
      await sleep(1_000);
    }
    await expect.poll(() => chart.innerText(), { timeout: 5_000 }).toContain("42");
    await expect.poll(() => page.locator(".toplist").innerText(), { timeout: 5_000 }).toContain("somebody");
    expect(await inkOf(page)).toBeGreaterThan(1_000);
    await page.close();
  });

  it.each([
    ["servers", 1_440, "dark"],
    ["servers", 390, "light"],
    ["ads", 1_440, "light"],
    ["ads", 390, "dark"],
    ["game", 1_440, "dark"],
    ["game", 1_024, "light"],
    ["game", 390, "light"],
  ] as const)(
    "[U4][U1] %s at %i px, %s: every panel is drawn, nothing is wider than the page",
    async (name, width, scheme) => {
      const page = await open(`/d/${name}`, width, scheme);
      await page.locator("canvas").first().waitFor();
      await sleep(2_500);
      expect(
        await page.evaluate(() => document.documentElement.scrollWidth - innerWidth),
      ).toBeLessThanOrEqual(0);
      const background = await page.evaluate(
        () => getComputedStyle(document.documentElement).backgroundColor,
      );
      const light = Number(/\d+/.exec(background)?.[0]) > 128;
      expect(light).toBe(scheme === "light");
      await page.screenshot({ path: join(SCREENSHOTS, `${name}-${width}-${scheme}.png`), fullPage: true });
      await page.close();
    },
  );

  it("[U3][U2] freshness and connection are shown, and moving dashboards move", async () => {
    const page = await open("/d/ads", 1_440, "dark");
    await expect.poll(() => page.locator(".header").innerText(), { timeout: 10_000 }).toContain("Connected");
    await expect
      .poll(() => page.locator("main").innerText(), { timeout: 10_000 })
      .toMatch(/live · <?[\d.]+ s/);
    const seen = new Set<string>();
    for (let i = 0; i < 10; i++) {
      seen.add(await page.locator("main").innerText());
      await sleep(500);
    }
    expect(seen.size).toBeGreaterThan(5);
    await page.close();
  });

  it("[U3] a server that goes away and comes back is shown, and the page goes on by itself", async () => {
    const page = await open("/d/ads", 1_440, "dark");
    const header = () => page.locator(".header").innerText();
    await expect.poll(header, { timeout: 10_000 }).toContain("Connected");
    freshet.killWorkerd();
    await expect.poll(header, { timeout: 15_000, interval: 50 }).not.toContain("Connected");
    await expect.poll(header, { timeout: 60_000 }).toContain("Connected");
    await page.close();
    errors.length = 0;
  });

  it("[U1] no errors on the console", () => {
    expect(errors).toEqual([]);
  });
});

/** Painted pixels of the page's first chart. */
async function inkOf(page: Page): Promise<number> {
  await page.locator("canvas").first().waitFor();
  return page.evaluate(() => {
    const canvas = document.querySelector("canvas");
    const data = canvas?.getContext("2d")?.getImageData(0, 0, canvas.width, canvas.height).data ?? [];
    let painted = 0;
    for (let i = 3; i < data.length; i += 4) if (data[i] !== 0) painted++;
    return painted;
  });
}
