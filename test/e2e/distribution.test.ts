import { readFileSync } from "node:fs";
import type { Page } from "playwright-core";
import { beforeAll, expect, it } from "vitest";
import type { MetricSource } from "../../protocol/metric.ts";
import { describeInChromium, screenshot } from "../helpers/dashboard-browser.ts";
import { overflowOf, seriousIn } from "../helpers/page-checks.ts";

const SPREAD: MetricSource = {
  name: "spread",
  event: "request",
  aggregate: "histogram(took)",
  window: { type: "tumbling", size: "1s" },
  groupBy: ["site"],
  delay: "1s",
  lateness: "30m",
};
/** Values of each second by site, and how many there are in which interval. */
const TOOK = {
  "a.example": [520, 530, 950, 95, 0],
  "b.example": [540, 560.5],
};

describeInChromium("the distribution of a value", {}, (seen) => {
  beforeAll(async () => {
    await seen.freshet.putMetric(SPREAD);
    await seen.putDashboard({
      name: "took",
      title: "Took",
      range: "15m",
      variables: [{ name: "site", title: "Site", metric: "spread" }],
      panels: [{ title: "Took", kind: "heatmap", metric: "spread", unit: "ms", width: 12, height: 4 }],
    });
    const nowMs = Date.now();
    const seconds = Array.from({ length: 840 }, (_, i) => nowMs - i * 1_000);
    const events = Object.entries(TOOK).flatMap(([site, values]) =>
      values.flatMap((took) => seconds.map((ts) => ({ name: "request", ts, props: { site, took } }))),
    );
    await seen.freshet.post("requests", events.map((event) => JSON.stringify(event)).join("\n"));
  });

  /** What the chart says of the cells under a vertical line, from the bottom up, each once. */
  async function textsAlong(page: Page, share: number): Promise<string[]> {
    const over = page.locator(".u-over");
    const box = await over.boundingBox();
    if (box === null) return [];
    const texts: string[] = [];
    for (let y = box.height - 2; y > 0; y -= 3) {
      await page.mouse.move(box.x + box.width * share, box.y + y);
      const text = (await page.locator(".chart-time").innerText()).split(" · ")[1] ?? "";
      if (text !== texts.at(-1)) texts.push(text);
    }
    return texts;
  }

  it("[U1] is drawn from low to high, without rows left out between, groups added up", async () => {
    const page = await seen.openDrawn("/d/took", 1_440, "light");
    const texts = await textsAlong(page, 0.5);
    const counts = new Map(texts.map((text) => text.split(": ") as [string, string]));
    expect(texts[0]).toMatch(/^0: \d/);
    const uppers = [
      100, 112, 125, 140, 160, 180, 200, 224, 250, 280, 315, 355, 400, 450, 500, 560, 630, 710, 800, 900,
    ];
    const between = uppers.slice(1).map((upper, i) => `${uppers[i]}–${upper} ms`);
    expect([...counts.keys()]).toEqual(["0", "90–100 ms", ...between, "900 ms–1 s"]);
    // A column is a second or more of events: how many of them does not change what they are to each other.
    const seconds = Number(counts.get("0"));
    expect(seconds).toBeGreaterThanOrEqual(1);
    expect(Object.fromEntries([...counts].filter(([, count]) => count !== "0"))).toEqual({
      "0": `${seconds}`,
      "90–100 ms": `${seconds}`,
      "500–560 ms": `${3 * seconds}`,
      "560–630 ms": `${seconds}`,
      "900 ms–1 s": `${seconds}`,
    });
    await screenshot(page, "distribution-1440-light");
    await page.getByLabel("Site").selectOption("b.example");
    await expect
      .poll(async () => (await textsAlong(page, 0.5)).map((text) => text.split(": ")[0]), { timeout: 10_000 })
      .toEqual(["500–560 ms", "560–630 ms"]);
    await page.close();
  });

  it("[U1] shows a value that comes as it comes", async () => {
    const page = await seen.openDrawn("/d/took");
    const top = async () => (await textsAlong(page, 0.5)).at(-1);
    expect(await top()).toMatch(/^900 ms–1 s/);
    const late = { name: "request", ts: Date.now() - 30_000, props: { site: "a.example", took: 4_700 } };
    await seen.freshet.post("late", JSON.stringify(late));
    await expect.poll(top, { timeout: 15_000 }).toMatch(/^4\.5–5 s: [01]$/);
    await page.close();
  });

  it("[U5] speaks what a column has, and has a table twin from low to high; axe finds nothing serious", async () => {
    const page = await seen.openDrawn("/d/took");
    await page.getByRole("slider").focus();
    await page.keyboard.press("ArrowLeft");
    for (let i = 0; i < 5; i++) await page.keyboard.press("ArrowLeft");
    expect(await page.getByRole("slider").getAttribute("aria-valuetext")).toMatch(
      /^[\d:]+: \d+ events; half up to 560 ms, 95% up to (1|5) s$/,
    );
    expect(await seriousIn(page)).toEqual([]);
    await page.keyboard.press("v");
    const heads = page.locator("thead th");
    await heads.first().waitFor();
    const texts = await heads.allInnerTexts();
    expect(texts.slice(0, 3)).toEqual(["Window’s end", "0", expect.stringMatching(/^\d+–\d+ ms$/)]);
    expect(texts.at(-1)).toBe("State");
    const row = await page.locator("tbody tr").nth(15).locator("td").allInnerTexts();
    const sum = row.slice(1, -1).reduce((total, text) => total + Number(text), 0);
    expect([7, 8]).toContain(sum);
    expect(await seriousIn(page)).toEqual([]);
    await page.close();
  });

  it("[U4] thresholds stand at their values; drawn as a list it is counts, whatever the unit of the value", async () => {
    const panel = { metric: "spread", unit: "ms", width: 12, height: 3 };
    const thresholds = [{ value: 200, tone: "critical" }];
    await seen.putDashboard({
      name: "limits",
      title: "Limits",
      range: "15m",
      panels: [
        { ...panel, title: "Plain", kind: "heatmap" },
        { ...panel, title: "Limited", kind: "heatmap", thresholds },
        { ...panel, title: "List", kind: "toplist" },
      ],
    });
    const page = await seen.openDrawn("/d/limits");
    await expect.poll(() => page.locator(".heat-scale").count()).toBe(2);
    const redRows = (title: string) =>
      page.evaluate((name) => {
        const card = [...document.querySelectorAll("article")].find((each) => each.innerText.includes(name));
        const canvas = card?.querySelector("canvas");
        const { data = [] } = canvas?.getContext("2d")?.getImageData(0, 0, canvas.width, canvas.height) ?? {};
        const rows = new Set<number>();
        for (let i = 0; i < data.length; i += 4) {
          // The line itself: what lies beyond it is only shaded.
          const isRed = (data[i] ?? 0) > (data[i + 2] ?? 0) + 80;
          if (isRed && (data[i + 3] ?? 0) > 60) rows.add(Math.floor(i / 4 / (canvas?.width ?? 1)));
        }
        return [...rows].map((row) => row / (canvas?.height ?? 1));
      }, title);
    expect(await redRows("Plain")).toEqual([]);
    await expect.poll(() => redRows("Limited"), { timeout: 10_000 }).not.toEqual([]);
    // 200 is in the middle of an axis from 0 and 90 to 1,000, or to the 5,000 that came late.
    for (const share of await redRows("Limited")) {
      expect(share).toBeGreaterThan(0.35);
      expect(share).toBeLessThan(0.75);
    }
    const list = () => page.getByRole("article", { name: "List" }).innerText();
    await expect.poll(list).toMatch(/a\.example · took 560/);
    expect(await list()).not.toMatch(/\d ms/);
    await page.close();
  });

  it("[U4] is saved as CSV, group by group, from low to high", async () => {
    const page = await seen.openDrawn("/d/took");
    await page.getByRole("button", { name: "Menu of Took" }).click();
    const saved = page.waitForEvent("download");
    await page.getByRole("menuitem", { name: "Download CSV" }).click();
    const [head = ""] = readFileSync(await (await saved).path(), "utf8").split("\r\n");
    const columns = head
      .split(",")
      .slice(1)
      .filter((name) => !name.includes("5000"));
    const named = (site: string, bounds: number[]) => bounds.map((bound) => `${site} · took ${bound}`);
    expect(columns).toEqual([...named("a.example", [0, 100, 560, 1_000]), ...named("b.example", [560, 630])]);
    await page.close();
  });

  it("[U4] fits a phone, light and dark", async () => {
    for (const scheme of ["light", "dark"] as const) {
      const page = await seen.openDrawn("/d/took", 390, scheme);
      expect(await overflowOf(page)).toBeLessThanOrEqual(0);
      await expect
        .poll(() => page.locator(".heat-scale").innerText())
        .toMatch(/^1(\s*\d+)+ events in \d+ s$/);
      await screenshot(page, `distribution-390-${scheme}`);
      await page.close();
    }
  });

  it("[U1] no errors on the console", () => {
    expect(seen.errors).toEqual([]);
  });
});
