import type { Page } from "playwright-core";
import { expect, it } from "vitest";
import type { Dashboard } from "../../protocol/dashboard.ts";
import type { MetricSource } from "../../protocol/metric.ts";
import { describeInChromium, screenshot } from "../helpers/dashboard-browser.ts";
import { seriousIn } from "../helpers/page-checks.ts";

describeInChromium("building a dashboard", { args: [] }, (site) => {
  it("[U11] who only looks at a dashboard loads nothing of it", async () => {
    const page = await site.browser.newPage();
    const loaded: string[] = [];
    page.on("request", (request) => loaded.push(request.url()));
    await page.goto(site.freshet.url);
    await page.locator(".grid:not([aria-hidden])").waitFor();
    expect(loaded.some((url) => /index-[^/]*\.js$/.test(url))).toBe(true);
    expect(loaded.filter((url) => /\/(build|stream|definitions)[^/]*\.(js|css)$/.test(url))).toEqual([]);
    await page.close();
  });

  it("[U11] from nothing to a saved, live dashboard by the keyboard alone, within two minutes", async () => {
    const page = await site.open("/");
    await page.locator(".grid:not([aria-hidden])").waitFor();
    const beganMs = Date.now();
    await tabTo(page, "More pages");
    await page.keyboard.press("Enter");
    await tabTo(page, "New dashboard", ["ArrowDown"]);
    await page.keyboard.press("Enter");
    await page.locator(".add-panel").waitFor();
    await tabTo(page, "Title");
    await page.keyboard.press("Control+A");
    await page.keyboard.type("Money");
    await tabTo(page, "Add panel");
    await page.keyboard.press("Enter");

    await page.locator(".event").first().waitFor();
    await tabTo(page, "event");
    await page.keyboard.press("Space");
    for (let i = 0; i < 20 && (await checkedEvent(page)) !== "ad_click"; i++) {
      await page.keyboard.press("ArrowDown");
    }
    expect(await checkedEvent(page)).toBe("ad_click");
    await tabTo(page, "Show");
    await page.keyboard.type("Sum");
    await tabTo(page, "campaign");
    await page.keyboard.press("Space");
    await expect.poll(() => inkOf(page), { timeout: 15_000 }).toBeGreaterThan(500);
    await screenshot(page, "build-panel-1440-dark", true);
    await tabTo(page, "Add panel");
    await page.keyboard.press("Enter");

    await tabTo(page, "Size of ad_click");
    for (let i = 0; i < 6; i++) await page.keyboard.press("ArrowRight");
    await page.keyboard.press("Control+z");
    await page.keyboard.press("Control+Shift+Z");
    await tabTo(page, "Save", ["Shift+Tab"]);
    await page.keyboard.press("Enter");
    await page.getByRole("dialog").waitFor();
    await page.keyboard.type("demo-admin");
    await page.keyboard.press("Enter");
    await page.getByText("Open the dashboard").waitFor({ timeout: 15_000 });
    expect(new URL(page.url()).hash).toBe("#/build/money");
    await tabTo(page, "Open the dashboard");
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "Money" }).waitFor();
    await expect.poll(() => inkOf(page), { timeout: 20_000 }).toBeGreaterThan(500);
    const tookMs = Date.now() - beganMs;
    console.log(`from nothing to a live dashboard by the keyboard: ${(tookMs / 1_000).toFixed(1)} s`);
    expect(tookMs).toBeLessThan(120_000);
    await screenshot(page, "built-1440-dark", true);

    const stored = (await (await site.freshet.fetch("/v1/catalog/dashboards/money")).json()) as Dashboard;
    expect(stored.panels).toMatchObject([{ metric: "ad_click_sum_value_by_campaign", width: 12, height: 3 }]);
    const metric = (await (
      await site.freshet.fetch("/v1/catalog/metrics/ad_click_sum_value_by_campaign")
    ).json()) as MetricSource;
    expect(metric).toMatchObject({ event: "ad_click", aggregate: "sum(value)", groupBy: ["campaign"] });

    // The next new one begins empty.
    await page.getByRole("button", { name: "More pages" }).click();
    await page.getByRole("menuitem", { name: "New dashboard" }).click();
    await page.locator(".add-panel").waitFor();
    expect(await page.locator(".edit-card").count()).toBe(0);
    await page.close();
  });

  it("[U11] panels are moved and sized by mouse and touch, and undone; JSON is what apply takes", async () => {
    const page = await site.open("/d/ads#/build/ads");
    const titles = () => page.locator(".edit-card .panel-title").allInnerTexts();
    await page.locator(".edit-card").first().waitFor();
    const before = await titles();
    await drag(page, `.edit-card[data-edit="0"] .edit-move`, `.edit-card[data-edit="2"]`);
    const moved = await titles();
    expect(moved.slice(0, 3)).toEqual([before[1], before[2], before[0]]);
    await page.getByRole("button", { name: "Undo" }).click();
    expect(await titles()).toEqual(before);

    await touchDrag(page, `.edit-card[data-edit="1"] .edit-move`, `.edit-card[data-edit="0"]`);
    expect((await titles()).slice(0, 2)).toEqual([before[1], before[0]]);

    const size = page.locator(`.edit-card[data-edit="0"] .edit-size`);
    const box = await size.boundingBox();
    const column = (await page.locator(".edit-grid").evaluate((grid) => grid.clientWidth)) / 12;
    await page.mouse.move((box?.x ?? 0) + 15, (box?.y ?? 0) + 15);
    await page.mouse.down();
    await page.mouse.move((box?.x ?? 0) + 15 + 3 * column, (box?.y ?? 0) + 15, { steps: 6 });
    await page.mouse.up();
    expect(await size.getAttribute("aria-label")).toContain("6 of 12 columns");

    await page.getByRole("button", { name: "JSON" }).click();
    const file = JSON.parse(await page.locator(".json").innerText()) as { dashboards: Dashboard[] };
    expect(file.dashboards[0]?.panels.map(({ title }) => title)).toEqual(await titles());
    expect(file.dashboards[0]?.panels[0]?.width).toBe(6);
    expect(await seriousIn(page)).toEqual([]);
    await page.keyboard.press("Escape");

    // Who looks at another page meanwhile finds the draft again, and can still take it back.
    const drafted = await titles();
    await page.getByRole("link", { name: "Servers" }).click();
    await page.getByRole("heading", { name: "Servers" }).waitFor();
    await page.goBack();
    await page.locator(".edit-card").first().waitFor();
    expect(await titles()).toEqual(drafted);
    await page.getByRole("button", { name: "Undo" }).click();
    await page.getByRole("button", { name: "Undo" }).click();
    expect(await titles()).toEqual(before);
    await page.close();
  });

  it("[U11] what somebody else has saved meanwhile is not saved over without a second word", async () => {
    const [one, other] = [
      await site.open("/?key=demo-admin#/build/game"),
      await site.open("/?key=demo-admin#/build/game"),
    ];
    for (const [page, title] of [
      [one, "Game of one"],
      [other, "Game of the other"],
    ] as const) {
      await page.getByLabel("Title").fill(title);
      await page.getByText("is not saved yet").waitFor();
      await page.getByRole("button", { name: "Save" }).click();
      if (page === one) await page.getByText("Open the dashboard").waitFor();
    }
    const title = async () =>
      ((await (await site.freshet.fetch("/v1/catalog/dashboards/game")).json()) as Dashboard).title;
    await other.getByText("by somebody else meanwhile").waitFor();
    expect(await title()).toBe("Game of one");
    await other.getByRole("button", { name: "Save mine all the same" }).click();
    await other.getByText("Open the dashboard").waitFor();
    expect(await title()).toBe("Game of the other");
    await other.getByLabel("Title").fill("Game");
    await other.getByText("is not saved yet").waitFor();
    await other.getByRole("button", { name: "Save" }).click();
    await other.getByText("Open the dashboard").waitFor();
    expect(await title()).toBe("Game");
    await Promise.all([one.close(), other.close()]);
  });

  it("[U11] what the server says of a definition stands at the field that it names", async () => {
    const page = await site.open("/?key=demo-admin#/build");
    await page.getByRole("button", { name: "Add panel" }).click();
    await page.locator(".event", { hasText: "ad_click" }).click();
    for (const [label, value, message] of [
      ["Only where", "country = ", "where, column 11: found the end"],
      ["Of length", "1 hour", 'window.size is "1 hour"; expected a duration'],
      ["Name of the metric", "9lives", 'name is "9lives"; expected a letter'],
    ] as const) {
      const field = page.getByLabel(label, { exact: true });
      await field.fill(value);
      const noteId = await field.getAttribute("aria-describedby");
      expect(await page.locator(`[id="${noteId}"]`).innerText()).toContain(message);
      expect(await field.getAttribute("aria-invalid")).toBe("true");
      await field.fill(label === "Of length" ? "10s" : "");
    }
    // Only the server knows the other metrics: this one would be the Prometheus series of another.
    await page.getByLabel("Name of the metric").fill("ad.clicks");
    await page.locator(".editor").getByRole("button", { name: "Add panel" }).click();
    await page.getByRole("button", { name: "Save" }).click();
    const name = page.getByLabel("Name of the metric");
    await name.waitFor({ timeout: 15_000 });
    expect(await page.locator(".editor").innerText()).toContain("another metric is the Prometheus series");
    await page.close();
  });

  it("[U11] the distribution of a field is previewed, and suggested, as a heatmap", async () => {
    const page = await site.open("/?key=demo-admin#/build");
    await page.getByRole("button", { name: "Add panel" }).click();
    await page.locator(".event", { hasText: "game_latency" }).click();
    await page.getByLabel("Show").selectOption({ label: "Distribution" });
    expect(await page.getByLabel("Of", { exact: true }).inputValue()).toBe("value");
    expect(await page.getByLabel("Drawn as").inputValue()).toBe("heatmap");
    await page.getByLabel("Unit").selectOption("ms");
    await expect
      .poll(() => page.locator(".editor .heat-scale").innerText(), { timeout: 15_000 })
      .toMatch(/events? in \d+ s$/);
    await screenshot(page, "build-distribution-1440-dark", true);
    await page.getByLabel("Show").selectOption({ label: "Average" });
    expect(await page.getByLabel("Drawn as").inputValue()).toBe("line");
    await page.close();
  });

  it("[U8][U9] an event of the tail, and one that is sent, are followed to their windows", async () => {
    const page = await site.open("/?key=demo-admin#/stream");
    await page.locator(".stream-table a").first().waitFor({ timeout: 15_000 });
    await page.getByLabel("Event", { exact: true }).fill("ad_click");
    await page.getByLabel("Where").fill("country = 'DE'");
    await expect
      .poll(async () => [...new Set(await page.locator(".stream-table a").allInnerTexts())], {
        timeout: 15_000,
      })
      .toEqual(["ad_click"]);
    const props = await page.locator(".stream-props").allInnerTexts();
    expect(props.every((text) => text.includes("'DE'"))).toBe(true);
    await page.locator(".stream-table a").first().click();
    await page.getByText("Written to the log").waitFor();
    await expect.poll(() => page.locator(".steps").innerText()).toMatch(/partition \d, offset \d+/);

    await page.getByRole("link", { name: "Inspector" }).click();
    await page
      .getByLabel("Test event")
      .fill('{"name":"ad_click","value":1,"props":{"campaign":"inspected"}}');
    await page.getByRole("button", { name: "Send and follow" }).click();
    await expect
      .poll(() => page.locator(".verdicts").innerText(), { timeout: 15_000 })
      .toMatch(/ad_clicks[\s\S]*campaign inspected[\s\S]*where its group has 1 now/);
    await screenshot(page, "trace-1440-dark", true);
    await page.setViewportSize({ width: 390, height: 844 });
    await screenshot(page, "trace-390-dark", true);
    await page.close();
  });

  it("[U10] what is refused is seen with its reason, and without a key that may, the page asks for one", async () => {
    const headers = { "content-type": "application/json" };
    await site.freshet.fetch("/v1/events", { method: "POST", body: '{"name":42}', headers }, "demo-write");
    const page = await site.open("/#/stream/quality");
    await page.getByText("Raw events need a key of your own").waitFor();
    await page.keyboard.type("demo-admin");
    await page.keyboard.press("Enter");
    await page.getByText('{"name":42}').waitFor({ timeout: 15_000 });
    expect(await page.locator(".tiles").innerText()).toContain("name");
    await page.close();
  });

  it.each([
    ["build", "#/build", ".add-panel"],
    ["build-ads", "#/build/ads", ".edit-card canvas"],
    ["panel", "#/build/ads/4", ".editor"],
    ["tail", "#/stream", ".stream-table"],
    ["names", "#/stream/names", ".seen"],
    ["inspector", "#/stream/trace", ".test-event"],
    ["quality", "#/stream/quality", ".seen"],
  ])(
    "[U11][U4] %s: axe finds nothing serious, in dark and light, wide and narrow",
    async (name, route, ready) => {
      for (const [width, scheme] of [
        [1_440, "dark"],
        [1_440, "light"],
        [390, "dark"],
        [390, "light"],
      ] as const) {
        const page = await site.open(`/?key=demo-admin${route}`, width, scheme);
        await page.locator(ready).first().waitFor({ timeout: 20_000 });
        await page.waitForTimeout(600);
        expect(await seriousIn(page), `${width} ${scheme}`).toEqual([]);
        const wider = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
        expect(wider).toBeLessThanOrEqual(0);
        await screenshot(page, `${name}-${width}-${scheme}`, true);
        await page.close();
      }
    },
  );

  it("[U11] no errors on the console, but for the answers that were expected", () => {
    expect(site.errors.filter((error) => !/status of (400|403|404|409)/.test(error))).toEqual([]);
  });
});

/** Presses keys, Tab or those given, until the focus is on what has this name. */
async function tabTo(page: Page, name: string, keys: readonly string[] = ["Tab"]): Promise<void> {
  for (let presses = 0; presses < 80; presses++) {
    if (await isFocused(page, name)) return;
    await page.keyboard.press(keys[presses % keys.length] ?? "Tab");
  }
  throw new Error(`the focus did not come to '${name}'`);
}

/** Whether the focused element is named so: by its label, its text, or the name of its group of radio buttons. */
async function isFocused(page: Page, name: string): Promise<boolean> {
  return page.evaluate((wanted) => {
    const focused = document.activeElement;
    if (!(focused instanceof HTMLElement) || focused === document.body) return false;
    const label = (focused as HTMLInputElement).labels?.[0]?.innerText;
    const names = [
      focused.getAttribute("aria-label"),
      label,
      focused.innerText,
      focused.getAttribute("name"),
    ];
    return names.some((text) => text?.trim() === wanted || text?.startsWith(`${wanted} `) === true);
  }, name);
}

async function checkedEvent(page: Page): Promise<string | undefined> {
  return page.evaluate(
    () => document.querySelector<HTMLElement>(".event:has(:checked) .event-name")?.innerText,
  );
}

async function centres(page: Page, ...selectors: string[]): Promise<{ x: number; y: number }[]> {
  const boxes = await Promise.all(selectors.map((selector) => page.locator(selector).boundingBox()));
  return boxes.map((box) => ({
    x: (box?.x ?? 0) + (box?.width ?? 0) / 2,
    y: (box?.y ?? 0) + (box?.height ?? 0) / 2,
  }));
}

async function drag(page: Page, from: string, to: string): Promise<void> {
  const [start, end] = await centres(page, from, to);
  await page.mouse.move(start?.x ?? 0, start?.y ?? 0);
  await page.mouse.down();
  await page.mouse.move(end?.x ?? 0, end?.y ?? 0, { steps: 8 });
  await page.mouse.up();
}

async function touchDrag(page: Page, from: string, to: string): Promise<void> {
  const [start, end] = await centres(page, from, to);
  const session = await page.context().newCDPSession(page);
  const touch = (type: "touchStart" | "touchMove" | "touchEnd", points: { x: number; y: number }[]) =>
    session.send("Input.dispatchTouchEvent", { type, touchPoints: points });
  if (start === undefined || end === undefined) throw new Error("there is nothing to drag");
  await touch("touchStart", [start]);
  for (let i = 1; i <= 8; i++) {
    await touch("touchMove", [
      { x: start.x + ((end.x - start.x) * i) / 8, y: start.y + ((end.y - start.y) * i) / 8 },
    ]);
  }
  await touch("touchEnd", []);
}

/** Painted pixels of the page's first chart. */
async function inkOf(page: Page): Promise<number> {
  return page.evaluate(() => {
    const canvas = document.querySelector("canvas");
    const data = canvas?.getContext("2d")?.getImageData(0, 0, canvas.width, canvas.height).data ?? [];
    let painted = 0;
    for (let i = 3; i < data.length; i += 4) if (data[i] !== 0) painted++;
    return painted;
  });
}
