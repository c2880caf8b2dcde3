import type { Page } from "playwright-core";
import { expect, it } from "vitest";
import type { MintedShare } from "../../protocol/share.ts";
import { describeInChromium, inkOf } from "../helpers/dashboard-browser.ts";
import type { Freshet } from "../helpers/freshet.ts";
import { overflowOf } from "../helpers/page-checks.ts";

const HOUR_MS = 3_600_000;

describeInChromium("visitors of the dashboard as they come", { args: [] }, (seen) => {
  it("[I7] a key that was taken out of the address does not come back into it", async () => {
    const page = await seen.openDrawn("/d/ads?key=demo-read&theme=light");
    await page.keyboard.press("+");
    await page.waitForURL(/from=/);
    expect(page.url()).not.toContain("demo-read");
    expect(page.url()).toContain("theme=light");
    await page.keyboard.press("n");
    await expect.poll(() => page.url()).toBe(`${seen.freshet.url}/d/ads?theme=light`);
    await page.close();
  });

  it("[I9] a share link that is opened where another was shown, or a dashboard, is what is shown then", async () => {
    const [clicks, people] = [
      await shareOf(seen.freshet, ["ad_clicks"]),
      await shareOf(seen.freshet, ["ad_people"]),
    ];
    const shown = (page: Page, metric: string) =>
      page.locator(".panel-title").filter({ hasText: metric }).waitFor();
    const page = await seen.openDrawn("/?key=demo-read");
    await page.goto(clicks.link);
    await shown(page, "ad_clicks");
    await page.goto(people.link);
    await shown(page, "ad_people");
    await page.goBack();
    await shown(page, "ad_clicks");
    // One that has ended gives way to its successor, too.
    await page.goto(`${clicks.link}x`);
    await page.getByText("This link shows nothing any more").waitFor();
    await page.goto(people.link);
    await shown(page, "ad_people");
    await page.close();
  });

  it("[I9] a share link stays in the address, wherever its page is taken: it can be reloaded and copied on", async () => {
    const { link, token } = await shareOf(seen.freshet, ["ad_clicks"], "ads");
    const page = await seen.openDrawn(new URL(link).pathname + new URL(link).hash);
    const ways = [
      () => page.keyboard.press("1"),
      () => page.locator("a.brand").click(),
      () => page.locator("a.tab").click(),
    ];
    for (const go of ways) {
      const before = page.url();
      await go();
      await expect.poll(() => page.url()).not.toBe(before);
      expect(new URL(page.url()).hash).toBe(`#share=${token}`);
    }
    // In another tab, too.
    expect(await page.locator("a.tab").getAttribute("href")).toContain(`#share=${token}`);
    expect(await page.locator("a.brand").getAttribute("href")).toBe(`/#share=${token}`);
    await page.keyboard.press("w");
    await page.waitForURL(/kiosk=1#share=/);
    await page.reload();
    await page.locator("canvas").first().waitFor();
    await page.close();
  });

  it("[I9] a dashboard of which one metric is gone is shared without it; groups that none has are refused", async () => {
    const panels = ["ad_clicks", "gone"].map((metric) => {
      return { title: metric, kind: "line", metric, width: 6, height: 2 };
    });
    await seen.putDashboard({ name: "partly", title: "Partly", range: "5m", panels });
    const page = await seen.open("/d/partly?key=demo-admin");
    await page.getByRole("button", { name: "Share" }).click();
    await page.locator(".share-metric").first().waitFor();
    expect(await page.locator(".share-metric").allInnerTexts()).toEqual(["ad_clicks ad_clicks"]);
    await page.getByLabel("Only these groups").fill("campain: spring-sale");
    await page.getByRole("button", { name: "Make a link" }).click();
    await page.getByText("groups[0] is of campain").waitFor();
    await page.getByLabel("Only these groups").fill("campaign: spring-sale");
    await page.getByRole("button", { name: "Make a link" }).click();
    await page.getByText("Whoever has this link sees").waitFor();
    await page.close();
  });

  it("[U4] a frame that its page lets run scripts and nothing else shows a link's panels; one that has ended, only that", async () => {
    const { link } = await shareOf(seen.freshet, ["ad_clicks"]);
    const page = await seen.open("/healthz");
    const frame = async (address: string) => {
      const src = address.replace("/#", "/?embed=1#");
      await page.setContent(`<iframe sandbox="allow-scripts" src="${src}"></iframe>`);
      return page.frameLocator("iframe");
    };
    await (await frame(link)).locator("canvas").first().waitFor();
    const ended = await frame(`${link}x`);
    await ended.getByText("This link shows nothing any more").waitFor();
    expect(await ended.locator("header").count()).toBe(0);
    await page.close();
  });

  it.each([HOUR_MS, -HOUR_MS])(
    "[U2] a browser whose clock is %d ms ahead shows what is now",
    async (aheadMs) => {
      const page = await seen.open("/healthz");
      await page.clock.install({ time: Date.now() + aheadMs });
      await page.goto(`${seen.freshet.url}/d/servers`);
      await expect.poll(() => inkOf(page, 0.5), { timeout: 10_000 }).toBeGreaterThan(200);
      await page.close();
    },
  );

  it("[U4] a wall screen goes round the dashboards that its address names, and stays where somebody pauses", async () => {
    const page = await seen.openDrawn("/d/ads?kiosk=1&rotate=game,gone,servers&every=5s&key=demo-read");
    const steps = await page.evaluate(() => history.length);
    for (const name of ["game", "servers", "game"]) {
      await page.waitForURL(`**/d/${name}?kiosk=1&rotate=*&every=5s`);
      await page.locator("canvas").first().waitFor();
    }
    expect(await page.locator(".header").count()).toBe(0);
    expect(await page.evaluate(() => history.length)).toBe(steps);
    await page.keyboard.press("Space");
    const stays = page.url();
    await page.waitForTimeout(7_000);
    expect(page.url()).toBe(stays);
    await page.close();
  });

  it("[U3] a title has the room that how fresh a panel is leaves, not all of it", async () => {
    const title = "Everything that anybody has ever pressed, by whoever pressed it, in the last minute";
    const panel = { kind: "line", metric: "ad_clicks", width: 3, height: 2 };
    const panels = [
      { ...panel, title },
      { ...panel, title: "Clicks" },
    ];
    await seen.putDashboard({ name: "long", title: `Long ${"W".repeat(90)}`, range: "5m", panels });
    for (const width of [390, 720, 1_440]) {
      const page = await seen.openDrawn("/d/long", width);
      await expect.poll(() => hiddenOf(page)).toEqual([0, 0]);
      expect(await overflowOf(page)).toBe(0);
      await page.close();
    }
  });

  it("[U4] on a phone, long names break where they have no room", async () => {
    const metric = "m".repeat(128);
    const key = "k".repeat(120);
    const props = { [key]: "v" };
    await seen.freshet.putMetric({
      name: metric,
      event: "long_names",
      aggregate: "count",
      window: { type: "tumbling", size: "1s" },
      groupBy: [key],
    });
    const panels = [{ title: "T".repeat(90), kind: "line", metric, width: 6, height: 2 }];
    await seen.putDashboard({ name: "names", title: `Names ${"W".repeat(90)}`, range: "5m", panels });
    const body = JSON.stringify({ name: "long_names", props });
    const send = () => seen.freshet.fetch("/v1/events", { method: "POST", body }, "demo-write");
    await send();

    const shared = await seen.open("/d/names?key=demo-admin", 390);
    await shared.getByRole("button", { name: "Share" }).click();
    await shared.locator(".share-metric").waitFor();
    expect(await wideOf(shared, ".dialog")).toBe(0);
    await shared.close();

    const built = await seen.open("/?key=demo-admin#/build/names/new", 390);
    await built.locator(".event").filter({ hasText: "long_names" }).click();
    await built.locator(".chip").filter({ hasText: "kkk" }).waitFor();
    expect(await overflowOf(built)).toBe(0);
    await built.close();

    const traced = await seen.open("/?key=demo-admin#/stream", 390);
    await traced.getByLabel("Event", { exact: true }).fill("long_names");
    await send();
    await traced.locator(".stream-table a", { hasText: "long_names" }).first().click();
    await traced.locator(".verdicts").waitFor();
    expect(await wideOf(traced, ".verdicts")).toBe(0);
    await traced.close();

    const rule = "n".repeat(64);
    await seen.freshet.fetch(`/v1/catalog/alerts/${rule}`, {
      method: "PUT",
      body: JSON.stringify({ metric, condition: "< 1000", groups: [{ [key]: "v".repeat(300) }] }),
    });
    const watched = await seen.open("/?key=demo-admin#/alerts", 390);
    await watched.locator(".alerts-episode").filter({ hasText: rule }).first().waitFor();
    expect(await overflowOf(watched)).toBe(0);
    expect(await wideOf(watched, ".alerts-scroll")).toBe(0);
    await watched.getByRole("link", { name: rule }).click();
    await watched.getByText("Tried on the last points").waitFor();
    expect(await overflowOf(watched)).toBe(0);
    await watched.close();
  });
});

/** A link that shows these metrics. */
async function shareOf(freshet: Freshet, metrics: string[], dashboard?: string): Promise<MintedShare> {
  const body = JSON.stringify({ metrics, dashboard, expiresIn: "1h" });
  return (await (await freshet.fetch("/v1/share", { method: "POST", body })).json()) as MintedShare;
}

/** By how many pixels what is in an element is wider than it. */
function wideOf(page: Page, selector: string): Promise<number> {
  return page.locator(selector).evaluate((element) => element.scrollWidth - element.clientWidth);
}

/** How many pixels of each panel's freshness are not seen; 999 of one that says nothing yet. */
function hiddenOf(page: Page): Promise<number[]> {
  return page.locator(".panel-header").evaluateAll((headers) =>
    headers.map((header) => {
      const [notes, badge] = [".panel-notes", ".freshness"].map((name) => header.querySelector(name));
      if (!notes || !badge?.textContent) return 999;
      const [room, needed] = [notes.getBoundingClientRect(), badge.getBoundingClientRect()];
      return Math.max(0, Math.ceil(room.left - needed.left), Math.ceil(needed.right - room.right));
    }),
  );
}
