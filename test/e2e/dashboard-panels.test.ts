import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import type { Download, Page } from "playwright-core";
import { beforeAll, expect, it } from "vitest";
import { describeInChromium, screenshot } from "../helpers/dashboard-browser.ts";

const KINDS = ["line", "area", "bars", "number", "toplist", "heatmap", "table"] as const;

describeInChromium("panels", {}, (seen) => {
  const startMs = Date.now();

  beforeAll(async () => {
    const metric = { name: "hits", event: "hit", groupBy: ["site"], delay: "1s", lateness: "30s" };
    const window = { type: "tumbling", size: "1s" } as const;
    await seen.freshet.putMetric({ ...metric, aggregate: "sum(value)", window });
    await seen.putDashboard({
      name: "kinds",
      title: "Kinds",
      range: "1m",
      annotations: [{ at: startMs - 10_000, label: "deploy 42" }],
      variables: [{ name: "site", title: "Site", metric: "hits" }],
      panels: KINDS.map((kind) => ({
        title: `As ${kind}`,
        kind,
        metric: "hits",
        thresholds: [{ value: 50, tone: "critical", label: "too many" }],
        width: 6,
        height: 2,
      })),
    });
    await hits("first", 25, { "a.example": 10, "b.example": 60, '=1+1,"x"': 5 });
  });

  /** Posts a value for each site and each of the last `seconds`. */
  async function hits(batch: string, seconds: number, values: Record<string, number>): Promise<void> {
    const nowMs = Date.now();
    const events = Array.from({ length: seconds }, (_, i) => nowMs - i * 1_000).flatMap((ts) =>
      Object.entries(values).map(([site, value]) =>
        JSON.stringify({ name: "hit", ts, value, props: { site } }),
      ),
    );
    await seen.freshet.post(batch, events.join("\n"));
  }

  const panel = (page: Page, title: string) => page.getByRole("article", { name: title, exact: true });

  /** Pixels of the first canvas in each look of a bar. Labels are grey and marks of events are dashed and grey, too. */
  function barPixels(page: Page): Promise<{ solid: number; pale: number; white: number }> {
    return page.evaluate(() => {
      const canvas = document.querySelector("canvas");
      const looks = { solid: 0, pale: 0, white: 0 };
      if (canvas === null) return looks;
      const { data } = canvas.getContext("2d")?.getImageData(0, 0, canvas.width, canvas.height) ?? {
        data: [],
      };
      for (let i = 0; i < data.length; i += 4) {
        const [red = 0, green = 0, blue = 0, alpha = 0] = data.slice(i, i + 4);
        const isGrey = Math.max(red, green, blue) - Math.min(red, green, blue) < 40;
        if (!isGrey && alpha === 255) looks.solid++;
        if (!isGrey && alpha > 50 && alpha < 100) looks.pale++;
        if (alpha > 150 && Math.min(red, green, blue) > 175) looks.white++;
      }
      return looks;
    });
  }

  async function download(page: Page, title: string, item: string): Promise<Download> {
    await page.getByRole("button", { name: `Menu of ${title}`, exact: true }).click();
    const saved = page.waitForEvent("download");
    await page.getByRole("menuitem", { name: item }).click();
    return saved;
  }

  it("[U1] draws every kind of panel there is", async () => {
    const page = await seen.openDrawn("/d/kinds");
    await expect.poll(() => panel(page, "As number").innerText(), { timeout: 10_000 }).toMatch(/sum of 3/);
    for (const kind of ["line", "area", "bars", "heatmap", "number"]) {
      await expect.poll(() => panel(page, `As ${kind}`).locator("canvas").count()).toBe(1);
    }
    await expect.poll(() => panel(page, "As toplist").innerText()).toMatch(/a\.example\s+\d+\s+b\.example/);
    await expect.poll(() => panel(page, "As table").innerText()).toMatch(/site\s+Now\s+Low/);
    await expect.poll(() => panel(page, "As heatmap").innerText()).toMatch(/0\s+to\s+\d+/);
    await screenshot(page, "kinds", true);
    await page.close();
  });

  it("[U1] provisional, final and revised points look different", async () => {
    const page = await seen.openDrawn("/d/kinds?panel=2");
    // Solid bars are final, pale ones provisional, and a white line on top is a revision.
    let batches = 0;
    const withOpenWindow = async () => {
      await hits(`open-${batches++}`, 1, { "a.example": 20 });
      const { solid, pale, white } = await barPixels(page);
      return { solid: solid > 500, pale: pale > 20, white };
    };
    await expect.poll(withOpenWindow).toEqual({ solid: true, pale: true, white: 0 });
    await hits("late", 25, { "a.example": 30 });
    await expect.poll(async () => (await barPixels(page)).white, { timeout: 10_000 }).toBeGreaterThan(20);
    await page.close();
  });

  it("[U4] thresholds colour a number and stand in charts; annotations are named at the cursor", async () => {
    await hits("third", 5, { "b.example": 200 });
    const page = await seen.openDrawn("/d/kinds");
    await expect.poll(() => panel(page, "As number").innerText(), { timeout: 10_000 }).toContain("too many");
    expect(await panel(page, "As number").locator(".number-critical").count()).toBe(1);
    const over = panel(page, "As line").locator(".u-over");
    const box = await over.boundingBox();
    const share = 1 - (Date.now() - (startMs - 10_000)) / 60_000;
    expect(share).toBeGreaterThan(0.02);
    const found: string[] = [];
    for (let by = -0.04; by <= 0.04; by += 0.005) {
      await page.mouse.move((box?.x ?? 0) + (box?.width ?? 0) * (share + by), (box?.y ?? 0) + 40);
      found.push(await panel(page, "As line").locator(".chart-time").innerText());
    }
    expect(found.join("\n")).toContain("deploy 42");
    await page.close();
  });

  it("[U4][U5] the keyboard's cursor stands in all charts, until it is put away", async () => {
    const page = await seen.openDrawn("/d/kinds");
    const cursors = () =>
      page
        .locator(".u-cursor-x")
        .evaluateAll((lines) => lines.filter((line) => line.getClientRects().length > 0).length);
    await page.locator(".panel-heatmap .u-over").waitFor();
    expect(await cursors()).toBe(0);
    await panel(page, "As line").getByRole("slider").focus();
    await page.keyboard.press("ArrowLeft");
    await expect.poll(cursors).toBe(4);
    await page.keyboard.press("Escape");
    await expect.poll(cursors).toBe(0);
    await page.close();
  });

  it("[U4] a panel is saved as CSV, all groups and times of it, without formulas", async () => {
    const page = await seen.openDrawn("/d/kinds");
    await panel(page, "As line").locator("canvas").waitFor();
    const saved = await download(page, "As line", "Download CSV");
    expect(saved.suggestedFilename()).toBe("as-line.csv");
    const text = readFileSync(await saved.path(), "utf8");
    const [head = "", ...rows] = text.trim().split("\r\n");
    expect(head).toContain("time");
    expect(head).toContain("a.example");
    expect(head).toContain(`"'=1+1,""x"""`);
    expect(rows.length).toBeGreaterThan(10);
    for (const row of rows) expect(row).toMatch(/^20\d\d-\d\d-\d\dT[\d:.]+Z(,\d*)+$/);
    await page.close();
  });

  it("[U4] a panel is saved as PNG, whatever its kind", async () => {
    const page = await seen.openDrawn("/d/kinds");
    for (const kind of ["area", "toplist", "heatmap"]) {
      const saved = await download(page, `As ${kind}`, "Download PNG");
      expect(saved.suggestedFilename()).toBe(`as-${kind}.png`);
      const bytes = readFileSync(await saved.path());
      expect(bytes.subarray(1, 4).toString()).toBe("PNG");
      expect(bytes.readUInt32BE(16)).toBeGreaterThan(600);
      expect(bytes.length).toBeGreaterThan(4_000);
    }
    await page.close();
  });

  it("[U4] a variable narrows the panels, and stands in the address", async () => {
    const page = await seen.openDrawn("/d/kinds");
    await expect
      .poll(() => page.getByLabel("Site").locator("option").allInnerTexts(), { timeout: 10_000 })
      .toContain("a.example");
    await page.getByLabel("Site").selectOption("a.example");
    await expect.poll(() => page.url()).toContain("var.site=a.example");
    await expect
      .poll(() => panel(page, "As toplist").innerText(), { timeout: 5_000 })
      .not.toContain("b.example");
    await expect.poll(() => panel(page, "As toplist").innerText(), { timeout: 5_000 }).toContain("a.example");
    // Others come all the time.
    await page.goto(`${seen.freshet.url}/d/kinds?var.site=nobody`);
    await expect
      .poll(() => panel(page, "As line").innerText())
      .toContain("Waiting for events named “hit” of nobody.");
    await page.close();
  });

  it("[U5] who stands at an empty chart is told of its first points", async () => {
    const page = await seen.openDrawn("/d/kinds?var.site=late.example");
    const chart = panel(page, "As line").getByRole("slider");
    await chart.focus();
    await expect.poll(() => chart.getAttribute("aria-valuetext")).toBe("No points");
    await hits("newcomer", 2, { "late.example": 7 });
    await expect.poll(() => chart.getAttribute("aria-valuetext"), { timeout: 10_000 }).toMatch(/^Now: .*7/);
    await page.close();
  });

  it("[U3] a panel without points says so, though the reason cannot be loaded", async () => {
    const page = await seen.openDrawn("/d/kinds");
    await page.route(/empty-note/, (route) => route.abort());
    await page.goto(`${seen.freshet.url}/d/kinds?var.site=nobody`);
    await expect.poll(() => panel(page, "As line").innerText()).toContain("No points");
    await expect.poll(() => panel(page, "As toplist").innerText()).toContain("No points");
    await page.close();
  });

  it("[U4] one panel is enlarged, and comes back; a wall screen has no header; an embedded panel stands alone", async () => {
    const page = await seen.openDrawn("/d/kinds");
    await panel(page, "As area").focus();
    await page.keyboard.press("f");
    await expect.poll(() => page.getByRole("article").count()).toBe(1);
    expect(page.url()).toContain("panel=1");
    await page.getByRole("button", { name: "All panels" }).click();
    await expect.poll(() => page.getByRole("article").count()).toBe(KINDS.length);
    await page.keyboard.press("w");
    await expect.poll(() => page.getByRole("banner").count()).toBe(0);
    expect(page.url()).toContain("kiosk=1");
    const height = await page.evaluate(() => document.documentElement.scrollHeight - innerHeight);
    expect(height).toBeLessThanOrEqual(0);
    await screenshot(page, "kiosk");
    await page.goto(`${seen.freshet.url}/?kiosk=1&theme=dark&var.site=a.example`);
    await page.locator("canvas").first().waitFor();
    await page.keyboard.press("1");
    await expect.poll(() => page.url()).toMatch(/\/d\/ads\?kiosk=1&theme=dark&var\.site=a\.example$/);
    expect(await page.getByRole("banner").count()).toBe(0);
    await page.close();

    // In a frame of another page, which brings the key along.
    const outer = await seen.browser.newPage({ viewport: { width: 800, height: 500 } });
    await outer.setContent(
      `<iframe src="${seen.freshet.url}/d/kinds?embed=1&panel=0&theme=light&key=demo-read" width="600" height="300"></iframe>`,
    );
    const frame = outer.frameLocator("iframe");
    await frame.locator("canvas").waitFor();
    expect(await frame.getByRole("article").count()).toBe(1);
    expect(await frame.getByRole("banner").count()).toBe(0);
    expect(await frame.getByRole("button", { name: /Time range|Menu/ }).count()).toBe(0);
    expect(await frame.locator("html").getAttribute("data-theme")).toBe("light");
    await screenshot(outer, "embed");
    await outer.close();
  });

  it("[U3] a loss of the connection is told, and how often it came back", async () => {
    const page = await seen.openDrawn("/d/kinds");
    await expect.poll(() => page.getByRole("banner").innerText()).toContain("Connected");
    await page.context().setOffline(true);
    seen.freshet.killWorkerd();
    await expect
      .poll(() => page.locator("p[role=status]").innerText(), { timeout: 20_000 })
      .toContain("lost");
    await expect.poll(() => page.locator("main").innerText()).toContain("offline");
    await page.context().setOffline(false);
    await expect
      .poll(() => page.getByRole("banner").innerText(), { timeout: 40_000 })
      .toMatch(/Connected[\s\S]*↻ 1/);
    await expect.poll(() => page.locator("p[role=status]").innerText()).toContain("Connected again");
    await page.close();
    seen.errors.length = 0;
  });

  it("[U3] merged frames are told, when the server has had to wait for this page", async () => {
    const page = await seen.browser.newPage();
    const held: (() => void)[] = [];
    let holds = true;
    await page.routeWebSocket(/\/v1\/live/, (socket) => {
      const server = socket.connectToServer();
      // What the page has taken is told late, as over a slow line.
      socket.onMessage((data) => {
        const isHeld = holds && String(data).includes('"ack"');
        if (isHeld) held.push(() => server.send(data));
        else server.send(data);
      });
    });
    await page.goto(`${seen.freshet.url}/d/kinds`);
    await panel(page, "As line").locator("canvas, .panel-note").first().waitFor();
    const text = () => panel(page, "As line").innerText();
    for (let i = 0; i < 60 && held.length === 0; i++) await hits(`held-${i}`, 1, { "a.example": 1 });
    for (let i = 0; i < 30; i++) {
      await hits(`slow-${i}`, 1, { "a.example": 1 });
      await sleep(250);
    }
    holds = false;
    for (const send of held) send();
    await hits("after", 1, { "a.example": 1 });
    await expect.poll(text, { timeout: 10_000 }).toMatch(/⇉ \d+/);
    await page.close();
  });

  it("[U1] no errors on the console", () => {
    expect(seen.errors).toEqual([]);
  });
});
