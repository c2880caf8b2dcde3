import { setTimeout as sleep } from "node:timers/promises";
import { expect, it } from "vitest";
import type { Dashboard } from "../../protocol/dashboard.ts";
import { describeInChromium, inkOf, screenshot } from "../helpers/dashboard-browser.ts";

const PROBE: Dashboard = {
  name: "probe",
  title: "Probe",
  range: "1m",
  panels: [
    { title: "Seen on a chart", kind: "line", metric: "probe", width: 8, height: 3 },
    { title: "Seen in a list", kind: "toplist", metric: "probe", width: 4, height: 3 },
  ],
};

describeInChromium("the dashboard", { args: [] }, (seen) => {
  it("[L2] an event that is posted is seen on a chart", async () => {
    await seen.freshet.putMetric({
      name: "probe",
      event: "probe",
      aggregate: "max(value)",
      window: { type: "tumbling", size: "1s" },
      groupBy: ["who"],
    });
    await seen.putDashboard(PROBE);
    const page = await seen.open("/d/probe", 1_024, "light");
    const chart = page.getByLabel("Seen on a chart", { exact: true }).first();
    await chart.waitFor();
    expect(await chart.innerText()).not.toContain("42");
    await page.getByText("Waiting for events named “probe”.").first().waitFor();
    for (let second = 0; second < 3; second++) {
      await seen.freshet.post(
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
      const page = await seen.open(`/d/${name}`, width, scheme);
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
      await screenshot(page, `${name}-${width}-${scheme}`, true);
      await page.close();
    },
  );

  it("[U3][U2] freshness and connection are shown, and moving dashboards move", async () => {
    const page = await seen.open("/d/ads", 1_440, "dark");
    await expect.poll(() => page.locator(".header").innerText(), { timeout: 10_000 }).toContain("Connected");
    await expect
      .poll(() => page.locator("main").innerText(), { timeout: 10_000 })
      .toMatch(/live ·\s+<?[\d.]+ s/);
    const states = new Set<string>();
    for (let i = 0; i < 10; i++) {
      states.add(await page.locator("main").innerText());
      await sleep(500);
    }
    expect(states.size).toBeGreaterThan(5);
    await page.close();
  });

  it("[U3] a server that goes away and comes back is shown, and the page goes on by itself", async () => {
    const page = await seen.open("/d/ads", 1_440, "dark");
    const header = () => page.locator(".header").innerText();
    await expect.poll(header, { timeout: 10_000 }).toContain("Connected");
    seen.freshet.killWorkerd();
    await expect.poll(header, { timeout: 15_000, interval: 50 }).not.toContain("Connected");
    await expect.poll(header, { timeout: 60_000 }).toContain("Connected");
    await page.close();
    seen.errors.length = 0;
  });

  it("[U1] no errors on the console", () => {
    expect(seen.errors).toEqual([]);
  });
});
