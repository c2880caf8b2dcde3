import { setTimeout as sleep } from "node:timers/promises";
import type { Page } from "playwright-core";
import { expect, it } from "vitest";
import type { QueryAnswer } from "../../protocol/series.ts";
import { describeInChromium } from "../helpers/dashboard-browser.ts";
import { seriousIn } from "../helpers/page-checks.ts";

describeInChromium("the dashboard without a mouse", { args: [] }, (seen) => {
  async function press(page: Page, ...keys: string[]): Promise<void> {
    for (const key of keys) await page.keyboard.press(key);
  }

  it.each([
    ["/d/servers", "dark"],
    ["/d/ads", "light"],
    ["/d/game", "dark"],
    ["/d/game", "light"],
    ["/d/ads?embed=1&panel=4", "dark"],
    ["/d/ads?kiosk=1", "light"],
    ["/d/nothing", "dark"],
  ] as const)("[U5] axe finds nothing serious on %s, %s", async (path, scheme) => {
    const page = await seen.open(path, 1_440, scheme);
    await page.getByRole("main").waitFor();
    await sleep(2_000);
    expect(await seriousIn(page)).toEqual([]);
    await page.close();
  });

  it("[U5] axe finds nothing serious in what opens over a page, nor in a table, nor where a key is asked for", async () => {
    const page = await seen.openDrawn("/d/ads");
    await press(page, "?");
    await page.getByRole("dialog", { name: "Keys" }).waitFor();
    expect(await seriousIn(page)).toEqual([]);
    await press(page, "Escape", "r");
    await page.getByText("Between two times").waitFor();
    expect(await seriousIn(page)).toEqual([]);
    await press(page, "Escape", "j", "j", "j", "j", "j", "v");
    await page.getByRole("columnheader", { name: "State" }).waitFor();
    await press(page, "m");
    await page.getByRole("menuitem", { name: "Download CSV" }).waitFor();
    expect(await seriousIn(page)).toEqual([]);
    await page.close();
    const asking = await seen.open("/nowhere", 390, "light");
    await asking.route("**/v1/config", (route) => route.fulfill({ json: {} }));
    await asking.goto(seen.freshet.url);
    await asking.getByLabel("Read key").waitFor();
    expect(await seriousIn(asking)).toEqual([]);
    await asking.close();
  });

  it("[L3] a key that is removed while it is used leads to where one is asked for, a revoked link to its end", async () => {
    const { freshet } = seen;
    const key = `viewer-${crypto.randomUUID()}`;
    const path = "/v1/catalog/projects/demo/keys/viewer";
    await freshet.fetch(path, { method: "PUT", body: JSON.stringify({ key, role: "read" }) });
    const body = JSON.stringify({ dashboard: "ads", expiresIn: "1h" });
    const minted = await freshet.fetch("/v1/share", { method: "POST", body });
    const { id, token } = (await minted.json()) as { id: string; token: string };
    const [keyed, linked] = [
      await seen.openDrawn(`/d/ads?key=${key}`),
      await seen.openDrawn(`/#share=${token}`),
    ];
    for (const page of [keyed, linked]) await page.getByText("Connected", { exact: true }).waitFor();
    await freshet.fetch(path, { method: "DELETE" });
    await freshet.fetch(`/v1/share/${id}`, { method: "DELETE" });
    const alerted = (page: Page) => page.getByRole("alert").innerText({ timeout: 5_000 });
    expect(await alerted(keyed)).toBe("That key was not accepted: the key has been removed");
    expect(await alerted(linked)).toContain("The share link has been revoked.");
    // Another key opens the dashboard again.
    await keyed.getByLabel("Read key").fill("demo-read");
    await keyed.getByRole("button", { name: "Open" }).click();
    await keyed.getByText("Connected", { exact: true }).waitFor();
    await keyed.close();
    await linked.close();
  });

  it("[U5] arrow keys move the cursor, and its values are spoken", async () => {
    // Enough points that the first is another one than the fourth from the end.
    const count = async (): Promise<number> => {
      const answer = await seen.freshet.fetch("/v1/query?metric=players_online&from=now-1m", {}, "demo-read");
      return ((await answer.json()) as QueryAnswer).series[0]?.t.length ?? 0;
    };
    await expect.poll(count, { timeout: 30_000 }).toBeGreaterThan(8);
    const page = await seen.openDrawn("/d/game");
    // What is spoken at once is what is known then.
    await page.locator(".legend-item").filter({ hasText: "america" }).first().waitFor();
    await press(page, "j", "j", "j", "j", "j");
    const chart = page.locator("[role=slider]:focus");
    await expect.poll(() => chart.getAttribute("aria-label")).toContain("Players by region");
    await expect.poll(() => chart.getAttribute("aria-valuetext")).toContain("Now: america");
    await press(page, "ArrowLeft", "ArrowLeft", "ArrowLeft");
    const text = (await chart.getAttribute("aria-valuetext")) ?? "";
    expect(text).toMatch(/^\d\d:\d\d:\d\d: america [\d.]+k?, asia/);
    await press(page, "Home");
    expect(await chart.getAttribute("aria-valuetext")).not.toBe(text);
    // The cursor stays with its point while the time moves on.
    await press(page, "End", "ArrowLeft", "PageDown");
    const at = await page.locator(".chart-time:visible").innerText();
    await sleep(2_500);
    expect(await page.locator(".chart-time:visible").innerText()).toBe(at);
    await press(page, "Escape");
    await expect.poll(() => page.locator(".chart-time:visible").count()).toBe(0);
    await page.close();
  });

  it("[U5] who has come to a panel before its points is in its chart when they are there", async () => {
    const page = await seen.open("/nowhere");
    const held = Promise.withResolvers<void>();
    // Panels get their points by the socket, or by a query.
    await page.route("**/v1/query?*", async (route) => {
      await held.promise;
      await route.continue();
    });
    await page.routeWebSocket("**/v1/live*", async (socket) => {
      const server = socket.connectToServer();
      server.onMessage(async (message) => {
        await held.promise;
        socket.send(message);
      });
    });
    await page.goto(`${seen.freshet.url}/d/game`);
    await page.locator("[data-panel]").nth(4).waitFor();
    await press(page, "j", "j", "j", "j", "j");
    await page.getByRole("article", { name: "Players by region" }).and(page.locator(":focus")).waitFor();
    held.resolve();
    const chart = page.locator("[role=slider]:focus");
    await expect.poll(() => chart.getAttribute("aria-label")).toContain("Players by region");
    await expect.poll(() => chart.getAttribute("aria-valuetext")).toContain("Now: america");
    // Back from its table, too.
    await press(page, "v", "v");
    await expect.poll(() => chart.getAttribute("aria-label")).toContain("Players by region");
    await page.close();
  });

  it("[U5] every chart has a table twin with the points' states", async () => {
    const page = await seen.openDrawn("/d/game");
    await press(page, "j", "j", "j", "j", "j", "v");
    const table = page.getByRole("group", { name: "Players by region, as a table" });
    await expect
      .poll(() => table.getByRole("columnheader").allInnerTexts())
      .toEqual(["Window’s end", "america", "asia", "europe", "oceania", "State"]);
    await expect.poll(() => table.innerText()).toMatch(/provisional[\s\S]*final/);
    await press(page, "v");
    await expect.poll(() => table.count()).toBe(0);
    // A heatmap and a number have one as well.
    for (const title of ["p95 latency by region", "Median latency"]) {
      await page.getByRole("button", { name: `Menu of ${title}`, exact: true }).click();
      await page.getByRole("menuitem", { name: "Show as table" }).click();
      await page.getByRole("group", { name: `${title}, as a table` }).waitFor();
    }
    await page.close();
  });

  it("[U5] keys pause, zoom, pan, go to dashboards, change the theme; a list of them opens with ?", async () => {
    const page = await seen.openDrawn("/d/servers");
    const head = () => page.locator(".page-head").innerText();
    const said = () => page.locator("p[role=status]").innerText();
    await press(page, " ");
    await expect.poll(head).toContain("Resume");
    await expect.poll(said).toContain("Paused");
    await press(page, " ");
    await expect.poll(head).toContain("Pause");
    await expect.poll(said).toContain("Live");
    await press(page, "+");
    await expect.poll(head).toContain("Now");
    const zoomed = await page.locator(".range-text").innerText();
    await press(page, "[");
    await expect.poll(() => page.locator(".range-text").innerText()).not.toBe(zoomed);
    await press(page, "n");
    await expect.poll(head).toContain("Last 5 min");
    const themed = () => page.evaluate(() => document.documentElement.dataset["theme"] ?? "system");
    await press(page, "d");
    expect(await themed()).toBe("light");
    await press(page, "d");
    expect(await themed()).toBe("system");
    await press(page, "1");
    await expect.poll(() => page.locator("h1").innerText()).toBe("Ads");
    await press(page, "?");
    await page.getByRole("dialog").getByText("Next, previous panel").waitFor();
    await page.getByLabel("Single keys are commands").uncheck();
    await press(page, "Escape");
    await page.getByRole("dialog").waitFor({ state: "hidden" });
    await press(page, "2");
    await sleep(300);
    expect(await page.locator("h1").innerText()).toBe("Ads");
    await press(page, "?");
    await page.getByLabel("Single keys are commands").check();
    await press(page, "Escape");
    await page.getByRole("dialog").waitFor({ state: "hidden" });
    await press(page, "2");
    await expect.poll(() => page.locator("h1").innerText()).toBe("Game");
    await page.close();
  });

  it("[U5] everything is reached by Tab, menus by arrows, and Escape gives the focus back", async () => {
    const page = await seen.openDrawn("/d/ads");
    const focused = () =>
      page.evaluate(
        () => document.activeElement?.getAttribute("aria-label") ?? document.activeElement?.textContent,
      );
    const reached = new Set<string>();
    for (let i = 0; i < 60; i++) {
      await press(page, "Tab");
      reached.add((await focused()) ?? "");
    }
    for (const name of ["Freshet, first dashboard", "Game", "Keys", "Pause", "Menu of Top campaigns"]) {
      expect([...reached], name).toContain(name);
    }
    expect([...reached].join("\n")).toMatch(/Time range: Last 5 min/);
    expect([...reached].join("\n")).toMatch(/Clicks by campaign, last minute, Last 5 min/);
    await page.getByRole("button", { name: "Menu of Top campaigns" }).focus();
    await press(page, "Enter");
    await expect.poll(focused).toContain("Show as table");
    await press(page, "ArrowDown");
    expect(await focused()).toContain("Enlarge");
    await press(page, "ArrowUp", "ArrowUp");
    expect(await focused()).toBe(await page.getByRole("menuitem").last().textContent());
    await press(page, "Escape");
    await expect.poll(focused).toBe("Menu of Top campaigns");
    await page.close();
  });

  it("[U5] no errors on the console", () => {
    expect(seen.errors).toEqual([]);
  });
});
