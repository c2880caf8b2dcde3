import type { Page } from "playwright-core";
import { expect, it } from "vitest";
import type { AlertEpisode, AlertsAnswer } from "../../protocol/alert.ts";
import { describeInChromium, screenshot } from "../helpers/dashboard-browser.ts";
import { overflowOf, seriousIn } from "../helpers/page-checks.ts";

const HOUR_MS = 3_600_000;
const EPISODES = 250;

/** One every three hours; the oldest still fires. */
function episodesTo(nowMs: number): AlertEpisode[] {
  return Array.from({ length: EPISODES }, (_, i) => {
    const firedAt = nowMs - (1 + 3 * i) * HOUR_MS;
    const resolved = i === EPISODES - 1 ? null : firedAt + 1_800_000;
    const group = { site: i % 2 === 0 ? "shop" : "a site with quite a long name, which wraps" };
    const alert = { alert: "many_errors", metric: "errors", group, condition: "> 5" };
    return { ...alert, firedAt, firedValue: 6 + i, resolvedAt: resolved, resolvedValue: null };
  });
}

/** What a server answers that keeps these. */
function answerOf(kept: readonly AlertEpisode[], asked: URLSearchParams, nowMs: number): AlertsAnswer {
  const from = asked.get("from") === "now-1d" ? nowMs - 24 * HOUR_MS : Number(asked.get("from"));
  const to = Number(asked.get("to") ?? nowMs);
  const skipped = Number(asked.get("cursor") ?? 0);
  const end = skipped + Number(asked.get("limit") ?? 1_000);
  const found = kept.filter(({ firedAt, resolvedAt }) => firedAt <= to && (resolvedAt ?? Infinity) >= from);
  const page = { from, to, rules: [], silences: [], episodes: found.slice(skipped, end) };
  return found.length > end
    ? { ...page, truncated: true, cursor: String(end) }
    : { ...page, truncated: false };
}

describeInChromium("what fired long ago", {}, (site) => {
  async function open(width = 1_440, colorScheme: "dark" | "light" = "dark"): Promise<Page> {
    const page = await site.open("/?key=demo-admin", width, colorScheme);
    const nowMs = Date.now();
    const kept = episodesTo(nowMs);
    await page.route("**/v1/alerts?*", (route) =>
      route.fulfill({ json: answerOf(kept, new URL(route.request().url()).searchParams, nowMs) }),
    );
    await page.evaluate(() => (location.hash = "#/alerts"));
    return page;
  }

  it("[A1] is reached a page at a time, by keyboard, as far back as the server keeps it", async () => {
    const page = await open();
    const rows = page.locator(".alerts-episode");
    await page.getByRole("heading", { name: "The last day" }).waitFor();
    // The day's eight, and the one that has been firing all the time.
    await expect.poll(() => rows.count()).toBe(9);
    const button = page.getByRole("button", { name: "Show earlier" });
    await button.focus();
    for (const shown of [109, 209]) {
      await page.keyboard.press("Enter");
      await expect.poll(() => rows.count()).toBe(shown);
      await page.getByRole("heading", { name: "What fired" }).waitFor();
      expect(await button.evaluate((element) => element === document.activeElement)).toBe(true);
    }
    await page.keyboard.press("Enter");
    await page.getByText("Nothing earlier is kept.").waitFor();
    expect(await rows.count()).toBe(EPISODES);
    expect(await button.count()).toBe(0);
    expect(await page.evaluate(() => document.activeElement?.textContent)).toBe("Nothing earlier is kept.");
    await page.close();
  });

  it("[A1] where the server itself keeps nothing earlier, that is said", async () => {
    const page = await site.open("/?key=demo-admin#/alerts");
    await page.getByText("Nothing fired.").waitFor();
    await page.getByRole("button", { name: "Show earlier" }).click();
    await page.locator(".alerts-end").getByText("Nothing earlier is kept.").waitFor();
    await page.close();
  });

  it("[A1] a page that cannot be had is said, and can be asked for again", async () => {
    const page = await open();
    await page.locator(".alerts-episode").first().waitFor();
    const refuse = { status: 503, json: { error: "unavailable", message: "the store is away" } };
    await page.route("**/v1/alerts?from=0*", (route) => route.fulfill(refuse));
    await page.getByRole("button", { name: "Show earlier" }).click();
    await page.getByRole("alert").getByText("the store is away").waitFor();
    await page.unroute("**/v1/alerts?from=0*");
    await page.getByRole("button", { name: "Show earlier" }).click();
    await expect.poll(() => page.locator(".alerts-episode").count()).toBeGreaterThan(100);
    expect(await page.getByText("the store is away").count()).toBe(0);
    await page.close();
  });

  it.each([
    [1_440, "dark"],
    [1_440, "light"],
    [390, "dark"],
    [390, "light"],
  ] as const)(
    "[A1][U5] axe finds nothing serious at %i px, %s, and nothing overflows",
    async (width, scheme) => {
      const page = await open(width, scheme);
      await page.getByRole("button", { name: "Show earlier" }).click();
      await page.getByRole("heading", { name: "What fired" }).waitFor();
      expect(await seriousIn(page)).toEqual([]);
      expect(await overflowOf(page)).toBeLessThanOrEqual(0);
      await page.getByRole("button", { name: "Show earlier" }).scrollIntoViewIfNeeded();
      await screenshot(page, `alerts-past-${width}-${scheme}`);
      await page.close();
    },
  );
});
