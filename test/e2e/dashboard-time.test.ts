import { setTimeout as sleep } from "node:timers/promises";
import type { Page } from "playwright-core";
import { beforeAll, expect, it } from "vitest";
import { describeInChromium, inkOf } from "../helpers/dashboard-browser.ts";

describeInChromium("time on the dashboard", {}, (seen) => {
  beforeAll(async () => {
    await seen.freshet.putMetric({
      name: "beats",
      event: "beat",
      aggregate: "sum(value)",
      window: { type: "tumbling", size: "1s" },
      groupBy: ["who"],
      delay: "100ms",
      lateness: "30s",
    });
    await seen.putDashboard({
      name: "time",
      title: "Time",
      range: "1m",
      panels: [
        { title: "Beats", kind: "line", metric: "beats", width: 12, height: 3 },
        { title: "Beats again", kind: "bars", metric: "beats", width: 6, height: 3 },
        { title: "Sum", kind: "number", metric: "beats", width: 6, height: 2 },
      ],
    });
    await beat(20, 7);
  });

  /** Posts a value for each of the last `seconds`. */
  async function beat(seconds: number, value: number): Promise<void> {
    const nowMs = Date.now();
    const events = Array.from({ length: seconds }, (_, i) =>
      JSON.stringify({ name: "beat", value, ts: nowMs - i * 1_000, props: { who: "me" } }),
    );
    await seen.freshet.post(`beat-${nowMs}-${value}`, events.join("\n"));
  }

  const head = (page: Page) => page.locator(".page-head").innerText();
  const number = (page: Page) => page.locator(".number-digits").innerText();

  /** The widest stretch without the line's colour between columns that have it, as a share of the first canvas; 0: none. */
  function widestGap(page: Page): Promise<number> {
    return page.evaluate(() => {
      const canvas = document.querySelector("canvas");
      const { width = 1, height = 1 } = canvas ?? {};
      const { data } = canvas?.getContext("2d")?.getImageData(0, 0, width, height) ?? {
        data: new Uint8ClampedArray(),
      };
      const painted = new Set<number>();
      for (let i = 0; i < data.length; i += 4) {
        const isLine = (data[i] ?? 0) < 120 && (data[i + 2] ?? 0) > 220 && (data[i + 3] ?? 0) > 60;
        if (isLine) painted.add((i / 4) % width);
      }
      const columns = [...painted].sort((one, other) => one - other);
      const gaps = columns.map((column, i) => column - (columns[i - 1] ?? column));
      return Math.max(0, ...gaps) / width;
    });
  }

  /** Drags across a share of the first chart. */
  async function drag(page: Page, from: number, to: number): Promise<void> {
    const box = await page.locator(".u-over").first().boundingBox();
    if (box === null) throw new Error("the chart has no box");
    const y = box.y + box.height / 2;
    await page.mouse.move(box.x + box.width * from, y);
    await page.locator(".chart-selection").first().waitFor({ state: "attached" });
    await page.mouse.down();
    await page.mouse.move(box.x + box.width * ((from + to) / 2), y, { steps: 4 });
    await page.mouse.move(box.x + box.width * to, y, { steps: 4 });
    await page.mouse.up();
  }

  /** The fixed range in the address, epoch ms. */
  function rangeOf(page: Page): [fromMs: number, toMs: number] {
    const { searchParams } = new URL(page.url());
    return [Date.parse(searchParams.get("from") ?? ""), Date.parse(searchParams.get("to") ?? "")];
  }

  it("[U2] pausing holds the picture and goes on buffering; resuming shows what came meanwhile", async () => {
    const page = await seen.openDrawn("/d/time");
    await beat(1, 7);
    await expect.poll(() => number(page), { timeout: 10_000 }).not.toBe("–");
    await page.getByRole("button", { name: "Pause" }).click();
    const held = await number(page);
    const before = await page.locator("canvas").first().screenshot();
    for (let i = 0; i < 4; i++) {
      await beat(1, 500);
      await sleep(1_000);
    }
    expect(await number(page)).toBe(held);
    expect((await page.locator("canvas").first().screenshot()).equals(before)).toBe(true);
    await expect.poll(() => head(page)).toMatch(/Resume\s*\+\d+ s/);
    await page.getByRole("button", { name: /Resume/ }).click();
    await expect.poll(() => number(page), { timeout: 5_000 }).toMatch(/^5\d\d|^1/);
    await page.close();
  });

  it("[U2] time keeps moving when no data come, and a gap is drawn as a gap", async () => {
    // As high as what other tests have left in the picture, so that the line is seen above the axis.
    await beat(20, 500);
    const page = await seen.openDrawn("/d/time");
    await sleep(1_500);
    const inked = await inkOf(page, 0.85, 1);
    await expect.poll(() => inkOf(page, 0.85, 1), { timeout: 20_000 }).toBeLessThan(inked);
    await expect.poll(() => page.locator("main").innerText(), { timeout: 15_000 }).toContain("stale");
    await sleep(2_000);
    await beat(1, 600);
    // From the right: the new point, then nothing for as long as nothing came, then the line of before.
    await expect.poll(() => widestGap(page), { timeout: 10_000 }).toBeGreaterThan(0.06);
    expect(await widestGap(page)).toBeLessThan(0.5);
    await page.close();
  });

  it("[U2][U4] a drag zooms, stops following and stands in the address; a button returns to now", async () => {
    await beat(20, 7);
    const page = await seen.openDrawn("/d/time");
    await drag(page, 0.5, 0.9);
    await expect.poll(() => head(page)).toContain("Now");
    await expect.poll(() => page.url()).toMatch(/from=20\d\d-.*&to=20/);
    await expect.poll(() => page.locator(".freshness").first().innerText()).toContain("past");
    const { searchParams } = new URL(page.url());
    const spanMs = Date.parse(searchParams.get("to") ?? "") - Date.parse(searchParams.get("from") ?? "");
    expect(spanMs).toBeGreaterThan(20_000);
    expect(spanMs).toBeLessThan(28_000);

    const shared = await seen.openDrawn(new URL(page.url()).pathname + new URL(page.url()).search);
    expect(await shared.locator(".range-text").innerText()).toBe(
      await page.locator(".range-text").innerText(),
    );
    await shared.close();

    await page.getByRole("button", { name: "Now", exact: true }).click();
    await expect.poll(() => head(page)).toContain("Last 1 min");
    expect(new URL(page.url()).search).toBe("");
    await page.goBack();
    await expect.poll(() => head(page)).toContain("Now");
    await page.close();
  });

  it("[U2] with Shift a drag pans, and so does a sideways wheel; Ctrl and the wheel zoom", async () => {
    const page = await seen.openDrawn("/d/time?from=now-1m");
    await page.keyboard.down("Shift");
    await drag(page, 0.4, 0.6);
    await page.keyboard.up("Shift");
    const range = () => rangeOf(page);
    // The address follows a moment after the charts.
    await expect.poll(() => Date.now() - range()[1]).toBeGreaterThan(8_000);
    const [from, to] = range();
    expect(to - from).toBeLessThan(62_000);

    await page.mouse.wheel(-100, 0);
    await expect.poll(() => range()[1]).toBeLessThan(to);
    const [panned, end] = range();
    await page.keyboard.down("Control");
    await page.mouse.wheel(0, -400);
    await page.keyboard.up("Control");
    await expect.poll(() => range()[1] - range()[0]).toBeLessThan(end - panned);
    await page.close();
  });

  it("[U2] a range without a point has a chart to drag, pan and turn a wheel on, and its keys lead out of it", async () => {
    const page = await seen.openDrawn("/d/time?from=2026-01-02T09:00:00Z&to=2026-01-02T10:00:00Z");
    const chart = page.getByRole("slider", { name: /^Beats,/ });
    const note = page.locator("[data-panel='0'] .panel-note");
    await expect.poll(() => note.innerText()).toContain("Nothing in this range");
    const [from, to] = rangeOf(page);
    await chart.press("ArrowLeft");
    await expect.poll(() => rangeOf(page)).toEqual([from - 1_800_000, to - 1_800_000]);
    await chart.press("ArrowRight");
    await expect.poll(() => rangeOf(page)).toEqual([from, to]);
    await drag(page, 0.25, 0.75);
    await expect.poll(() => rangeOf(page)[1] - rangeOf(page)[0]).toBeLessThan(1_900_000);
    await page.mouse.wheel(-200, 0);
    await expect.poll(() => rangeOf(page)[0]).toBeLessThan(from + 900_000);
    await page.keyboard.down("Control");
    await page.mouse.wheel(0, 400);
    await page.keyboard.up("Control");
    await expect.poll(() => rangeOf(page)[1] - rangeOf(page)[0]).toBeGreaterThan(1_900_000);
    expect(await note.innerText()).toContain("Nothing in this range");
    await page.close();
  });

  it("[U2] a chart that waits for its first point does not move when that comes", async () => {
    await seen.putDashboard({
      name: "waiting",
      title: "Waiting",
      range: "1m",
      panels: [{ title: "Later", kind: "line", metric: "later", width: 6, height: 3 }],
    });
    await seen.freshet.putMetric({
      name: "later",
      event: "later",
      aggregate: "count",
      window: { type: "tumbling", size: "1s" },
      groupBy: ["who"],
      delay: "100ms",
    });
    const page = await seen.openDrawn("/d/waiting");
    const chart = page.locator(".chart");
    await page.getByText("Nothing in the last 1 min").waitFor();
    const before = await chart.boundingBox();
    await seen.freshet.post("later-1", JSON.stringify({ name: "later", props: { who: "me" } }));
    await page.locator(".legend-item").waitFor();
    expect(await page.locator(".panel-note").count()).toBe(0);
    expect(await chart.boundingBox()).toEqual(before);
    await page.close();
  });

  it("[U4] the picker goes from a minute to the archive: short ranges are live, long ones are asked for", async () => {
    const page = await seen.openDrawn("/d/time");
    const queries: string[] = [];
    page.on("request", (request) => request.url().includes("/v1/query") && queries.push(request.url()));
    await page.getByRole("button", { name: /Time range/ }).click();
    await page.getByRole("button", { name: "5 min", exact: true }).click();
    await expect.poll(() => head(page)).toContain("Last 5 min");
    await sleep(500);
    expect(queries).toEqual([]);
    await page.getByRole("button", { name: /Time range/ }).click();
    await page.getByRole("button", { name: "7 d", exact: true }).click();
    await expect.poll(() => queries.length, { timeout: 5_000 }).toBe(3);
    const { searchParams } = new URL(queries[0] ?? "");
    expect(searchParams.get("metric")).toBe("beats");
    expect(Number(searchParams.get("step")) % 1_000).toBe(0);
    expect(Number(searchParams.get("to")) - Number(searchParams.get("from"))).toBeGreaterThan(
      6.9 * 86_400_000,
    );
    await expect.poll(() => page.locator(".panel-step").first().innerText()).toMatch(/per \d+ (min|h)/);
    await page.close();
  });

  it("[U4] what is longer than points are kept live is asked for, however few its points", async () => {
    const window = { type: "tumbling", size: "1h" } as const;
    await seen.freshet.putMetric({ name: "hourly", event: "beat", aggregate: "count", window });
    const panels = [{ title: "Hourly", kind: "line", metric: "hourly", width: 12, height: 3 }];
    await seen.putDashboard({ name: "hourly", title: "Hourly", range: "1d", panels });
    const page = await seen.open("/d/hourly?from=now-30d");
    const queries: string[] = [];
    page.on("request", (request) => request.url().includes("/v1/query") && queries.push(request.url()));
    await page.locator(".grid:not([aria-hidden])").waitFor();
    await sleep(1_000);
    expect(queries).toEqual([]);
    await page.getByRole("button", { name: /Time range/ }).click();
    await page.getByRole("button", { name: "90 d", exact: true }).click();
    await expect.poll(() => queries.length, { timeout: 5_000 }).toBe(1);
    await page.close();
  });

  it("[U4] everything reaches from the first window that there ever was", async () => {
    const page = await seen.openDrawn("/d/time");
    await page.getByRole("button", { name: /Time range/ }).click();
    const asked = page.waitForRequest((request) => request.url().includes("from=0"));
    await page.getByRole("button", { name: "Everything" }).click();
    expect(new URL((await asked).url()).searchParams.get("step")).toBeNull();
    await expect.poll(() => page.url()).toMatch(/from=now-\d+m/);
    const minutes = Number(/from=now-(\d+)m/.exec(page.url())?.[1]);
    expect(minutes).toBeLessThan(30);
    await page.close();
  });

  it("[U4] over days a number says what is so now, and a chart without a point says when one is due", async () => {
    await seen.freshet.putMetric({
      name: "level",
      event: "level",
      aggregate: "last(value)",
      window: { type: "sliding", size: "1m", every: "1s" },
      delay: "100ms",
    });
    await seen.putDashboard({
      name: "level",
      title: "Level",
      range: "1m",
      panels: [
        { title: "Level", kind: "number", metric: "level", width: 6, height: 2 },
        { title: "Over time", kind: "line", metric: "level", width: 6, height: 2 },
      ],
    });
    await seen.freshet.post("level-1", JSON.stringify({ name: "level", value: 3 }));
    const page = await seen.open("/d/level?from=now-365d");
    await expect.poll(() => number(page), { timeout: 5_000 }).toBe("3");
    await expect.poll(() => page.locator("main").innerText()).toMatch(/apart here; the next is due/);
    await seen.freshet.post("level-2", JSON.stringify({ name: "level", value: 42 }));
    await expect.poll(() => number(page), { timeout: 5_000 }).toBe("42");
    expect(await page.locator(".number-note").innerText()).toBe("peak 42");
    await page.close();
  });

  it("[U1][U3] over days numbers, lists and tables of counts say what is so now, and of how long each value is", async () => {
    await seen.putDashboard({
      name: "days",
      title: "Days",
      range: "365d",
      panels: [
        { title: "Sum", kind: "number", metric: "beats", width: 4, height: 3 },
        { title: "List", kind: "toplist", metric: "beats", width: 4, height: 3 },
        { title: "Table", kind: "table", metric: "beats", width: 4, height: 3 },
      ],
    });
    await beat(20, 500);
    const page = await seen.open("/d/days");
    const values = () => page.locator(".number-digits, .toplist-value, .table .strong").allInnerTexts();
    const steady = async (): Promise<string[]> => {
      await beat(1, 7);
      return values();
    };
    // Two of a second, at most.
    await expect
      .poll(steady, { timeout: 15_000, interval: 900 })
      .toEqual([
        expect.stringMatching(/^(7|14)$/),
        expect.stringMatching(/^(7|14)$/),
        expect.stringMatching(/^(7|14)$/),
      ]);
    await expect
      .poll(() => page.locator(".number-note").innerText())
      .toMatch(/^per 1 s · peak \d\S*k per \d+ \w+$/);
    expect(await page.getByRole("columnheader").allInnerTexts()).toContain("Now per 1 s");
    expect(await page.locator(".panel-step").count()).toBe(2);
    await expect.poll(values, { timeout: 15_000 }).toEqual(["0", "0", "0"]);
    await page.close();
  });

  it("[U3] on a phone a lost connection is told in the header's row", async () => {
    const page = await seen.open("/d/time", 390);
    await expect.poll(() => page.locator(".connection").innerText()).toContain("Connected");
    const heightOf = () => page.locator(".header").evaluate((header) => header.clientHeight);
    const before = await heightOf();
    await page.context().setOffline(true);
    await expect.poll(() => page.locator(".connection").innerText()).toContain("Offline");
    expect(await heightOf()).toBe(before);
    // The server is away, and not the network: that takes more words.
    await page.evaluate(() => Object.defineProperty(navigator, "onLine", { value: true }));
    await expect
      .poll(() => page.locator(".connection").innerText(), { timeout: 15_000 })
      .toContain("Retrying");
    expect(await heightOf()).toBe(before);
    await page.close();
  });

  it("[U4] the picker takes two times, and says what is wrong with them", async () => {
    const page = await seen.openDrawn("/d/time");
    await page.keyboard.press("r");
    await page.getByLabel("From").fill("2026-01-02T10:00:00");
    await page.getByLabel("To", { exact: true }).fill("2026-01-02T09:00:00");
    await page.getByRole("button", { name: "Show", exact: true }).click();
    await expect.poll(() => page.getByRole("alert").innerText()).toContain("second after");
    await page.getByLabel("To", { exact: true }).fill("2026-01-02T11:00:00");
    await page.getByRole("button", { name: "Show", exact: true }).click();
    await expect.poll(() => page.locator("main").innerText()).toContain("Nothing in this range");
    await page.close();
  });

  it("[U4] cursors of all charts stand at the same time", async () => {
    await beat(20, 7);
    const page = await seen.openDrawn("/d/time");
    await sleep(500);
    const box = await page.locator(".u-over").first().boundingBox();
    await page.mouse.move((box?.x ?? 0) + (box?.width ?? 0) * 0.8, (box?.y ?? 0) + 50);
    const shares = await page.locator(".u-cursor-x").evaluateAll((lines) =>
      lines
        .filter((line) => line.getBoundingClientRect().height > 0)
        .map((line) => {
          const plot = line.parentElement?.getBoundingClientRect();
          return (line.getBoundingClientRect().left - (plot?.left ?? 0)) / (plot?.width ?? 1);
        }),
    );
    expect(shares.length).toBe(2);
    for (const share of shares) expect(share).toBeCloseTo(0.8, 1);
    await page.close();
  });

  it("[U2] a finger moves the cursor, two pinch to zoom, and the page still scrolls", async () => {
    await beat(20, 7);
    const page = await seen.open("/d/time", 390, "dark", { hasTouch: true, isMobile: true });
    await page.locator("canvas").first().waitFor();
    await sleep(500);
    const box = await page.locator(".u-over").first().boundingBox();
    const [left, top, width] = [box?.x ?? 0, box?.y ?? 0, box?.width ?? 0];
    const session = await page.context().newCDPSession(page);
    const touch = (type: "touchStart" | "touchMove" | "touchEnd", ...shares: number[]) =>
      session.send("Input.dispatchTouchEvent", {
        type,
        touchPoints: shares.map((share, id) => ({ x: left + width * share, y: top + 60, id })),
      });
    await touch("touchStart", 0.7);
    await sleep(300);
    for (const share of [0.72, 0.75, 0.8]) await touch("touchMove", share);
    await touch("touchEnd");
    await expect.poll(() => page.locator(".u-cursor-x").first().isVisible()).toBe(true);
    expect(page.url()).not.toContain("from");

    await touch("touchStart", 0.45, 0.55);
    for (const by of [0.05, 0.1, 0.2, 0.3]) await touch("touchMove", 0.45 - by, 0.55 + by);
    await touch("touchEnd");
    await expect.poll(() => page.url()).toMatch(/from=20/);
    expect(
      await page
        .locator(".u-over")
        .first()
        .evaluate((over) => getComputedStyle(over).touchAction),
    ).toBe("pan-y");
    await page.close();
  });

  it("[U2] no errors on the console", () => {
    expect(seen.errors).toEqual([]);
  });
});
