import type { Page } from "playwright-core";
import { beforeAll, expect, it } from "vitest";
import { describeInChromium, screenshot } from "../helpers/dashboard-browser.ts";

const HOSTS = Array.from({ length: 10 }, (_, i) => `host-${i}.example`);

describeInChromium("what is hard to draw", {}, (seen) => {
  beforeAll(async () => {
    const byHost = { event: "load", groupBy: ["host"], delay: "1s" };
    const second = { type: "tumbling", size: "1s" } as const;
    const sliding = { type: "sliding", size: "20s", every: "1s" } as const;
    const hour = { type: "tumbling", size: "1h" } as const;
    await seen.freshet.putMetric({ name: "loads", ...byHost, aggregate: "sum(value)", window: second });
    await seen.freshet.putMetric({ name: "hourly", ...byHost, aggregate: "count", window: hour });
    await seen.freshet.putMetric({ name: "p95", ...byHost, aggregate: "p95(value)", window: sliding });
    const vast = { event: "vast", delay: "1s", aggregate: "max(value)", window: second };
    await seen.freshet.putMetric({ name: "vast", ...vast });
    await seen.putDashboard({
      name: "hard",
      title: "Hard to draw",
      range: "1m",
      panels: [
        { title: "Hour as bars", kind: "bars", metric: "hourly", width: 4, height: 2 },
        {
          title: "Hour as line",
          kind: "line",
          metric: "hourly",
          groups: [{ host: "host-1.example" }],
          width: 4,
          height: 2,
        },
        { title: "Percentiles", kind: "bars", metric: "p95", width: 4, height: 2 },
        { title: "Vast line", kind: "line", metric: "vast", width: 3, height: 2 },
        { title: "Vast area", kind: "area", metric: "vast", width: 3, height: 2 },
        { title: "Vast bars", kind: "bars", metric: "vast", width: 3, height: 2 },
        { title: "Vast number", kind: "number", metric: "vast", unit: "usd", width: 3, height: 2 },
        { title: "Hosts", kind: "toplist", metric: "loads", width: 6, height: 2 },
        { title: "Heat", kind: "heatmap", metric: "loads", width: 6, height: 2 },
      ],
    });
    const nowMs = Date.now();
    const events = Array.from({ length: 30 }, (_, i) => nowMs - i * 1_000).flatMap((ts) => [
      { name: "vast", ts, value: 1.7e308 },
      ...HOSTS.map((host, i) => ({ name: "load", ts, value: 10 + i, props: { host } })),
    ]);
    await seen.freshet.post("hard", events.map((event) => JSON.stringify(event)).join("\n"));
  });

  const panel = (page: Page, title: string) => page.getByRole("article", { name: title, exact: true });

  /** Painted pixels of a panel's chart that are no grey: its data. */
  function colored(page: Page, title: string): Promise<number> {
    return panel(page, title)
      .locator("canvas")
      .first()
      .evaluate((element) => {
        const { width, height } = element as HTMLCanvasElement;
        const context = (element as HTMLCanvasElement).getContext("2d");
        const { data } = context?.getImageData(0, 0, width, height) ?? { data: [] };
        let found = 0;
        for (let i = 0; i < data.length; i += 4) {
          const [red = 0, green = 0, blue = 0, alpha = 0] = data.slice(i, i + 4);
          if (alpha > 50 && Math.max(red, green, blue) - Math.min(red, green, blue) > 40) found++;
        }
        return found;
      });
  }

  it("[U1] bars of an hour fill a minute, below the top of their axis; the largest numbers are drawn and read", async () => {
    const page = await seen.openDrawn("/d/hard");
    for (const title of [
      "Hour as bars",
      "Hour as line",
      "Percentiles",
      "Vast line",
      "Vast area",
      "Vast bars",
    ])
      await expect.poll(() => colored(page, title), { timeout: 10_000 }).toBeGreaterThan(100);
    await expect.poll(() => panel(page, "Vast number").innerText()).toMatch(/\$1\.7e308\s+peak \$1\.7e308/);
    await screenshot(page, "hard", true);
    await page.close();
  });

  it.each([1_440, 390])(
    "[U1] a legend shows whole rows, and nothing between the heads, %i wide",
    async (width) => {
      const page = await seen.openDrawn("/d/hard", width);
      const legend = panel(page, "Percentiles").locator(".legend");
      await expect.poll(() => legend.locator("button").count(), { timeout: 10_000 }).toBe(8);
      const rows = await legend.evaluate((list) => {
        const bottom = list.getBoundingClientRect().bottom + 0.5;
        const boxes = [...list.querySelectorAll("button")].map((button) => button.getBoundingClientRect());
        return {
          whole: boxes.filter((box) => box.bottom <= bottom).length,
          cut: boxes.filter((box) => box.top < bottom && box.bottom > bottom).length,
        };
      });
      expect(rows.whole).toBeGreaterThan(0);
      expect(rows.cut).toBe(0);
      await page.setViewportSize({ width, height: 600 });
      await page.evaluate(() => scrollTo(0, 300));
      const gap = await page.evaluate(() => {
        const [head, tools] = [".header", ".page-head"].map((name) =>
          document.querySelector(name)?.getBoundingClientRect(),
        );
        return (tools?.top ?? 0) - (head?.bottom ?? 0);
      });
      expect(gap).toBeLessThanOrEqual(0);
      await page.close();
    },
  );

  it("[U1] on a wall a top list shows whole rows, and says how many more there are", async () => {
    const page = await seen.openDrawn("/d/hard?kiosk=1");
    const list = panel(page, "Hosts").locator(".toplist");
    await expect.poll(() => list.innerText(), { timeout: 10_000 }).toMatch(/\d+ more$/);
    const box = await list.boundingBox();
    const rows = await list.locator(".toplist-row").count();
    expect(rows).toBeGreaterThan(0);
    expect(await list.innerText()).toContain(`${HOSTS.length - rows} more`);
    const cut = await list.evaluate((element) => element.scrollHeight - element.clientHeight);
    expect([cut, box === null]).toEqual([0, false]);
    await screenshot(page, "hard-kiosk");
    await page.close();
  });

  it("[U1] where two rows of a top list pass each other, the one of the better place is read", async () => {
    const page = await seen.openDrawn("/d/hard");
    const rows = panel(page, "Hosts").locator(".toplist-row");
    await rows.first().waitFor();
    // As in the middle of a change of places.
    await rows.evaluateAll((elements) => {
      for (const element of elements as HTMLElement[])
        Object.assign(element.style, { transform: "translateY(0)" });
    });
    const top = () =>
      panel(page, "Hosts").evaluate((element) => {
        const { left, top } = element.querySelector(".toplist-rows")?.getBoundingClientRect() ?? {
          left: 0,
          top: 0,
        };
        const found = element.ownerDocument
          .elementFromPoint(left + 40, top + 14)
          ?.closest<HTMLElement>(".toplist-row");
        return [found?.style.getPropertyValue("--place"), found && getComputedStyle(found).backgroundColor];
      });
    await expect.poll(top).toEqual(["0", "rgb(18, 21, 27)"]);
    await page.close();
  });

  it("[U1] on a wall a table shows whole rows, and says how many more there are", async () => {
    const line = { kind: "line", metric: "vast", width: 12, height: 2 };
    const panels = [
      { title: "All hosts", kind: "table", metric: "loads", width: 12, height: 2 },
      ...["a", "b", "c", "d"].map((title) => ({ ...line, title })),
    ];
    await seen.putDashboard({ name: "wall", title: "Wall", range: "1m", panels });
    const page = await seen.openDrawn("/d/wall?kiosk=1");
    const table = panel(page, "All hosts").locator(".table-scroll");
    await expect.poll(() => table.innerText(), { timeout: 10_000 }).toMatch(/\d+ more$/);
    const rows = await table.locator("tbody tr").count();
    expect(rows).toBeGreaterThan(0);
    expect(await table.innerText()).toContain(`${HOSTS.length - rows} more`);
    expect(await table.evaluate((element) => element.scrollHeight - element.clientHeight)).toBe(0);
    await page.goto(`${seen.freshet.url}/d/wall`);
    await expect.poll(() => table.locator("tbody tr").count(), { timeout: 10_000 }).toBe(HOSTS.length);
    await page.close();
  });

  it("[U5] where the system forces its colours, swatches, bars, ramps and dots are seen still", async () => {
    for (const scheme of ["dark", "light"] as const) {
      const page = await seen.open("/d/hard", 1_440, scheme, { forcedColors: "active" });
      await panel(page, "Hosts").locator(".toplist-row").first().waitFor();
      const parts = [".swatch", ".toplist-bar", ".heat-ramp", ".freshness-dot", ".connection-dot"];
      for (const name of parts) {
        const part = page.locator(name).first();
        expect([name, await part.evaluate((element) => getComputedStyle(element).forcedColorAdjust)]).toEqual(
          [name, "none"],
        );
      }
      await screenshot(page, `hard-forced-${scheme}`, true);
      await page.close();
    }
  });

  it("[U3] a panel that has no answer does not say that it is live", async () => {
    const page = await seen.open("/d/hard?from=now-2h&to=now-1h");
    await page.route("**/v1/query*", (route) =>
      route.fulfill({ status: 400, json: { error: { message: "no" } } }),
    );
    await page.reload();
    await expect.poll(() => panel(page, "Hosts").innerText(), { timeout: 10_000 }).toContain("No answer");
    await expect.poll(() => panel(page, "Hosts").locator(".freshness").innerText()).toBe("no answer");
    seen.errors.length = 0;
    await page.close();
  });

  it("[U4] a range in the address that cannot be shown is told, until there is another", async () => {
    const page = await seen.openDrawn("/d/hard?from=xyz");
    const head = () => page.locator(".page-head").innerText();
    expect(await head()).toContain("The range in the address cannot be shown");
    await expect.poll(() => page.locator("p[role=status]").innerText()).toContain("cannot be shown");
    await page.keyboard.press("-");
    await expect.poll(() => page.url()).not.toContain("xyz");
    await expect.poll(head).not.toContain("cannot be shown");
    await page.close();
  });

  it("[U2] zooming out ends, and every panel still has an answer", async () => {
    const page = await seen.openDrawn("/d/hard");
    for (let i = 0; i < 60; i++) await page.keyboard.press("-");
    for (let i = 0; i < 20; i++) await page.keyboard.press("[");
    await expect.poll(() => page.url(), { timeout: 5_000 }).toContain("from=1970-01-02");
    await expect
      .poll(() => panel(page, "Hosts").innerText(), { timeout: 10_000 })
      .toContain("Nothing in this range");
    expect(await page.locator("main").innerText()).not.toContain("No answer");
    await page.close();
  });

  it("[U1] no errors on the console", () => {
    expect(seen.errors).toEqual([]);
  });
});
