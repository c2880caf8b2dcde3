import { beforeAll, expect, it } from "vitest";
import { describeInChromium, screenshot } from "../helpers/dashboard-browser.ts";

const DASHBOARDS = 30;

describeInChromium("the dashboard's edges", {}, (site) => {
  beforeAll(async () => {
    const metric = { event: "beat", aggregate: "count", window: { type: "tumbling", size: "1s" } };
    const path = "/v1/catalog/metrics/beats";
    await site.freshet.fetch(path, { method: "PUT", body: JSON.stringify(metric) });
    const panels = [{ title: "Beats", kind: "line", metric: "beats", width: 6, height: 3 }];
    for (let i = 0; i < DASHBOARDS; i++) {
      const title = i === 28 ? `Dashboard ${"with a long title ".repeat(12)}` : `Dashboard ${i}`;
      await site.putDashboard({ name: `d${String(i).padStart(2, "0")}`, title, range: "15m", panels });
    }
  });

  it("[U3] who is offline is told so at once, and is back at once", async () => {
    const page = await site.open("/d/d00");
    const badge = page.locator(".connection-text");
    const body = JSON.stringify({ name: "beat" });
    await site.freshet.fetch("/v1/events", { method: "POST", body }, "demo-write");
    await expect.poll(() => badge.innerText(), { timeout: 10_000 }).toBe("Connected");
    await expect.poll(() => page.locator(".panel .freshness-live").count(), { timeout: 15_000 }).toBe(1);
    await page.context().setOffline(true);
    await expect.poll(() => badge.innerText(), { timeout: 2_000 }).toBe("Offline");
    await expect.poll(() => page.locator(".panel .freshness-live").count(), { timeout: 2_000 }).toBe(0);
    await page.waitForTimeout(3_000);
    expect(await badge.innerText()).toBe("Offline");
    await page.context().setOffline(false);
    await expect.poll(() => badge.innerText(), { timeout: 2_000 }).toBe("Connected");
    await page.close();
  });

  it("[U3] what cannot be loaded is said, and not passed over", async () => {
    const page = await site.open("/d/d00");
    await page.locator(".grid:not([aria-hidden])").waitFor();
    await page.context().setOffline(true);
    for (const name of ["Share", "Keys"]) {
      await page.getByRole("button", { name }).click();
      await page.getByRole("alert").filter({ hasText: "cannot be loaded" }).waitFor({ timeout: 5_000 });
      await page.getByRole("alert").getByRole("button", { name: "Close" }).click();
      expect(await page.getByRole("alert").count()).toBe(0);
    }
    await page.close();
  });

  it("[U3] of a metric that has become quiet every panel says zero, and then that nothing is there", async () => {
    const window = { type: "tumbling", size: "1s" } as const;
    const metric = { event: "quiet", groupBy: ["site"], delay: "1s", window };
    await site.freshet.putMetric({ name: "quiet_count", ...metric, aggregate: "count" });
    await site.freshet.putMetric({ name: "quiet_mean", ...metric, aggregate: "avg(value)" });
    const counts = (["line", "number", "toplist", "table"] as const).map((kind) => ({
      title: `As ${kind}`,
      kind,
      metric: "quiet_count",
      width: 3,
      height: 2,
    }));
    const mean = { title: "Mean", kind: "toplist", metric: "quiet_mean", width: 3, height: 2 };
    await site.putDashboard({ name: "quiet", title: "Quiet", range: "30s", panels: [...counts, mean] });
    const page = await site.open("/d/quiet");
    await expect.poll(() => page.getByText("Nothing in the last 30 s").count(), { timeout: 15_000 }).toBe(5);
    const beat = { name: "quiet", value: 7, props: { site: "a.example" } };
    await site.freshet.post("quiet", JSON.stringify(beat));
    const values = page.locator(".legend-value, .number-digits, .toplist-value, .table .strong");
    await expect.poll(() => values.allInnerTexts(), { timeout: 20_000 }).toEqual(["0", "0", "0", "0", "7"]);
    await expect.poll(() => page.getByText("Nothing in the last 30 s").count(), { timeout: 45_000 }).toBe(5);
    await page.close();
  });

  it("[U3] who watches a metric that is defined anew reads the new one as what it is", async () => {
    const window = { type: "tumbling", size: "1s" } as const;
    const metric = { name: "anew", event: "anew", groupBy: ["site"], window };
    await site.freshet.putMetric({ ...metric, aggregate: "count" });
    const panel = { title: "Anew", kind: "number", metric: "anew", width: 3, height: 2 };
    await site.putDashboard({ name: "anew", title: "Anew", range: "15m", panels: [panel] });
    const post = (batch: string) => {
      const events = ["a", "b"].map((each) => ({ name: "anew", value: 7, props: { site: each } }));
      return site.freshet.post(batch, JSON.stringify(events));
    };
    await post("anew-1");
    const page = await site.open("/d/anew");
    await expect
      .poll(() => page.locator(".number-note").innerText(), { timeout: 15_000 })
      .toMatch(/^sum of 2/);
    await site.freshet.putMetric({ ...metric, aggregate: "avg(value)" });
    await post("anew-2");
    await expect
      .poll(() => page.locator(".number-note").innerText(), { timeout: 20_000 })
      .toMatch(/^mean of 2/);
    await page.close();
  });

  it("[U2] windows that are open at the end of a fixed range are asked for until they are final", async () => {
    const window = { type: "tumbling", size: "1s" } as const;
    const metric = { name: "slow_count", event: "slow", delay: "15s", lateness: "0s" };
    await site.freshet.putMetric({ ...metric, aggregate: "count", window });
    const panels = [{ title: "Slow", kind: "line", metric: "slow_count", width: 12, height: 4 }];
    await site.putDashboard({ name: "slow", title: "Slow", range: "15m", panels });
    // Its window ends before the range, which ends by now.
    await site.freshet.post("slow", JSON.stringify({ name: "slow", ts: Date.now() - 2_000 }));
    const page = await site.open("/healthz");
    // The first answer comes before the event is in its window.
    const empty = { metric: "slow_count", series: [], tiers: [] };
    await page.route("**/v1/query?*", (route) => route.fulfill({ json: empty }), { times: 1 });
    await page.goto(`${site.freshet.url}/d/slow?from=${Date.now() - 60_000}&to=${Date.now() + 2_000}`);
    const panel = page.getByRole("article", { name: "Slow" });
    await panel.locator(".freshness-past").waitFor();
    await panel.focus();
    await page.keyboard.press("v");
    await panel
      .locator(".state")
      .last()
      .getByText(/final|sealed/)
      .waitFor({ timeout: 60_000 });
    // Where a chart gives way to a table, the keys still are the panel's.
    expect(await panel.evaluate((element) => element.contains(document.activeElement))).toBe(true);
    await page.close();
  });

  it("[U3] a fixed range that had no answer is asked for again", async () => {
    const page = await site.open("/d/d00?from=now-1h&to=now-1m");
    await page.route("**/v1/query?*", (route) => route.fulfill({ status: 503, body: "{}" }));
    await page.keyboard.press("[");
    const note = page.getByText("No answer", { exact: true });
    await note.waitFor({ timeout: 10_000 });
    await page.unroute("**/v1/query?*");
    await note.waitFor({ state: "detached", timeout: 30_000 });
    await page.close();
  });

  it.each([1_440, 390])("[U1] a long name leaves the figures in sight, %i wide", async (width) => {
    const window = { type: "tumbling", size: "1s" } as const;
    const metric = { event: "named", aggregate: "avg(value)", groupBy: ["person"] };
    await site.freshet.putMetric({ name: "named_mean", ...metric, window });
    const hebrew = "\u05E9\u05DC\u05D5\u05DD";
    const panel = { metric: "named_mean", width: 3, height: 3 };
    const panels = [
      { title: "By name", kind: "table", ...panel },
      { title: hebrew, kind: "line", ...panel },
    ];
    await site.putDashboard({ name: "names", title: "Names", range: "15m", panels });
    const events = ["x".repeat(120), hebrew].map((person) => ({
      name: "named",
      value: 7,
      props: { person },
    }));
    await site.freshet.post(`named-${width}`, JSON.stringify(events));
    const page = await site.open("/d/names", width);
    const table = page.locator(".table-scroll");
    await expect.poll(() => table.locator("td.strong").count(), { timeout: 15_000 }).toBe(2);
    const overflow = await table.evaluate(({ scrollWidth, clientWidth }) => scrollWidth - clientWidth);
    expect(overflow).toBe(0);
    const direction = (text: string, within: string) =>
      page
        .locator(within)
        .filter({ hasText: text })
        .evaluate((element) => getComputedStyle(element).direction);
    expect(await direction("By name", ".panel-title")).toBe("ltr");
    for (const within of [".panel-title", ".table td", ".legend-label"])
      expect(await direction(hebrew, within)).toBe("rtl");
    await page.close();
  });

  it("[U4] on a phone that lies no head covers the charts, and on paper nothing is cut or there to press", async () => {
    const page = await site.open("/d/d00", 844);
    const panel = page.locator(".grid:not([aria-hidden]) .panel");
    await panel.waitFor();
    await page.setViewportSize({ width: 844, height: 390 });
    await page.evaluate(() => scrollTo(0, document.body.scrollHeight));
    await expect.poll(() => page.evaluate(() => scrollY)).toBeGreaterThan(40);
    expect(await page.locator(".header").evaluate((head) => head.getBoundingClientRect().top)).toBeLessThan(
      -40,
    );
    await page.emulateMedia({ media: "print" });
    expect(await page.getByRole("button").count()).toBe(await page.locator(".legend button").count());
    const look = await panel.evaluate((element) => {
      const { breakInside, printColorAdjust } = getComputedStyle(element);
      return { breakInside, printColorAdjust };
    });
    expect(look).toEqual({ breakInside: "avoid", printColorAdjust: "exact" });
    await page.close();
  });

  it.each([1_440, 390])("[U4] the picker shows its times whole, %i wide", async (width) => {
    const page = await site.open("/d/d00", width, "light", { locale: "en-US" });
    await page.locator(".grid:not([aria-hidden])").waitFor();
    await page.keyboard.press("r");
    const input = page.locator(".picker-input").first();
    await input.waitFor();
    const widths = await input.evaluate((element: HTMLElement) => {
      const shown = element.offsetWidth;
      element.style.width = "max-content";
      element.style.flex = "none";
      element.style.justifySelf = "start";
      return { shown, needed: element.offsetWidth };
    });
    expect(widths.needed).toBeLessThanOrEqual(widths.shown);
    await page.close();
  });

  it("[U3] a narrow panel's title is seen, and nothing of its header is outside", async () => {
    const panel = { kind: "number", metric: "beats", height: 2 };
    const panels = [
      { ...panel, title: "Heartbeats", width: 2 },
      { ...panel, title: "Heartbeats", width: 3 },
    ];
    await site.putDashboard({ name: "narrow", title: "Narrow", range: "15m", panels });
    const body = JSON.stringify({ name: "beat" });
    await site.freshet.fetch("/v1/events", { method: "POST", body }, "demo-write");
    const page = await site.open("/d/narrow?from=now-30d", 1_024);
    await expect.poll(() => page.locator(".panel-step").count(), { timeout: 15_000 }).toBe(2);
    // Old news: the widest that is said of freshness.
    await page.locator(".freshness-live, .freshness-stale").first().waitFor();
    const headers = await page.locator(".panel-header").evaluateAll((all) =>
      all.map((header) => {
        const right = (child: Element) => child.getBoundingClientRect().right;
        return {
          title: header.querySelector(".panel-title")?.clientWidth ?? 0,
          // The menu's own edge is its air.
          isInside: Array.from(header.children).every((child) => right(child) <= right(header) + 6.5),
        };
      }),
    );
    for (const { title, isInside } of headers) {
      expect(title).toBeGreaterThan(30);
      expect(isInside).toBe(true);
    }
    await page.close();
  });

  it.each([
    [1_440, "dark"],
    [390, "light"],
  ] as const)("[U3][L2] a panel that asks for too much says so, %i wide, %s", async (width, scheme) => {
    const groups = Array.from({ length: 12 }, (_, i) => ({ site: `${i} ${"x".repeat(800)}` }));
    const panel = { title: "Too many", kind: "line", metric: "beats", width: 6, height: 3, groups };
    await site.putDashboard({ name: "zz", title: "Large", range: "15m", panels: [panel] });
    const page = await site.open("/d/zz", width, scheme);
    const note = page.getByRole("alert").filter({ hasText: "No answer" });
    await note.waitFor({ timeout: 10_000 });
    expect(await note.innerText()).toMatch(/the subscription to "beats" has \d+ bytes; the bound is 8192/);
    await screenshot(page, `panel-too-large-${width}-${scheme}`);
    await page.close();
  });

  it.each([1_440, 700, 390])(
    "[U4] of many dashboards the one that is shown is in sight, %i wide",
    async (width) => {
      const page = await site.open("/d/d29", width);
      await page.locator(".grid:not([aria-hidden])").waitFor();
      const sight = () =>
        page.evaluate(() => {
          const box = (selector: string) => document.querySelector(selector)?.getBoundingClientRect();
          const [tabs, tab] = [box(".tabs"), box('.tab[aria-current="page"]')];
          if (tabs === undefined || tab === undefined) return undefined;
          return tab.left >= tabs.left - 1 && tab.right <= tabs.right + 1;
        });
      await expect.poll(sight, { timeout: 2_000 }).toBe(true);
      expect(await page.evaluate(() => scrollY)).toBe(0);
      const wide = await page
        .locator(".tab")
        .evaluateAll((tabs) => Math.max(...tabs.map((tab) => tab.clientWidth)));
      expect(wide).toBeLessThanOrEqual(240);
      const mask = await page.locator(".tabs").evaluate((tabs) => getComputedStyle(tabs).maskImage);
      expect(mask).toContain("linear-gradient");
      // By a key, too, where nothing is clicked that would be in sight already.
      await page.keyboard.press("1");
      await expect.poll(() => new URL(page.url()).pathname, { timeout: 5_000 }).not.toBe("/d/d29");
      await expect.poll(sight, { timeout: 2_000 }).toBe(true);
      await page.close();
    },
  );

  it.each(["eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJkZW1vIn0.AAAA", "eyJ-not-a-token"])(
    "[I9] a share link that was made up is said to be not valid: %s",
    async (token) => {
      const page = await site.open(`/#share=${token}`);
      await page.getByText("The share link is not valid").waitFor({ timeout: 10_000 });
      expect(await page.locator("body").innerText()).not.toContain("key");
      await page.close();
    },
  );
});
