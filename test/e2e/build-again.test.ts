import type { Page } from "playwright-core";
import { beforeAll, expect, it } from "vitest";
import type { MetricSource } from "../../protocol/metric.ts";
import { describeInChromium, screenshot } from "../helpers/dashboard-browser.ts";
import { overflowOf, seriousIn } from "../helpers/page-checks.ts";

const METRIC = "/v1/catalog/metrics/shop_ads";
const BIDI = "\u202Egpj.exe";

describeInChromium("coming back to the builder, and the stream", {}, (site) => {
  beforeAll(async () => {
    await putMetric("");
    const panel = { kind: "line", metric: "shop_ads", width: 6, height: 3 };
    const panels = [
      { ...panel, title: "First" },
      { ...panel, title: "Second" },
    ];
    await site.putDashboard({ name: "shop", title: "Shop", range: "15m", panels });
  });

  async function putMetric(where: string): Promise<void> {
    const metric = { event: "ad", aggregate: "count", window: { type: "tumbling", size: "10s" } };
    const body = JSON.stringify({ ...metric, ...(where === "" ? {} : { where }) });
    expect((await site.freshet.fetch(METRIC, { method: "PUT", body })).status).toBe(200);
  }

  async function storedWhere(): Promise<string | undefined> {
    return ((await (await site.freshet.fetch(METRIC)).json()) as MetricSource).where;
  }

  async function editWhere(page: Page, where: string): Promise<void> {
    await page.getByLabel("Only where").fill(where);
    await page.getByRole("button", { name: "Keep changes" }).click();
    await page.locator(".edit-grid").waitFor();
  }

  const savePanel = (page: Page) => page.getByRole("button", { name: "Save", exact: true }).click();
  const isSaved = (page: Page) => page.getByText("Open the dashboard").waitFor();
  const isChanged = (page: Page) => page.getByText("by somebody else meanwhile").waitFor();
  const edit = (page: Page) => page.locator('[data-edit="0"]').getByRole("button", { name: /^Edit/ }).click();

  it("[U11] a metric that somebody else has changed meanwhile is not saved over without a second word", async () => {
    const [one, other] = [
      await site.open("/?key=demo-admin#/build/shop/0"),
      await site.open("/?key=demo-admin#/build/shop/0"),
    ];
    await other.getByLabel("Only where").waitFor();
    await editWhere(one, "country = 'DE'");
    await savePanel(one);
    await isSaved(one);
    await editWhere(other, "device = 'phone'");
    await savePanel(other);
    await isChanged(other);
    expect(await other.locator(".build-changed").innerText()).toContain("shop_ads");
    const differences = other.getByRole("region", { name: "Differences of the metric shop_ads" });
    expect(await differences.getByRole("row").allInnerTexts()).toEqual([
      "metric shop_ads\tTheirs\tYours",
      "where\tcountry = 'DE'\tdevice = 'phone'",
    ]);
    expect(await storedWhere()).toBe("country = 'DE'");

    await other.getByRole("button", { name: "Take theirs" }).click();
    await isSaved(other);
    await edit(other);
    expect(await other.getByLabel("Only where").inputValue()).toBe("country = 'DE'");
    await editWhere(other, "device = 'tablet'");
    await savePanel(other);
    await isSaved(other);
    expect(await storedWhere()).toBe("device = 'tablet'");

    await edit(one);
    await editWhere(one, "country = 'FR'");
    await savePanel(one);
    await isChanged(one);
    expect(await storedWhere()).toBe("device = 'tablet'");
    await one.getByRole("button", { name: "Save mine all the same" }).click();
    await isSaved(one);
    expect(await storedWhere()).toBe("country = 'FR'");
    await Promise.all([one.close(), other.close()]);
  });

  it.each([
    [1_440, "dark"],
    [1_440, "light"],
    [390, "dark"],
    [390, "light"],
  ] as const)("[U11][U5] what differs is named, panel by panel, at %i px, %s", async (width, scheme) => {
    const panel = { kind: "line", metric: "shop_ads", width: 6, height: 3 };
    const name = `differs_${width}_${scheme}`;
    const stored = { name, title: "Differs", range: "15m" };
    const first = { ...panel, title: "First" };
    const second = { ...panel, title: "Second" };
    const third = { ...panel, title: "Third" };
    await site.putDashboard({ ...stored, panels: [first, second, third] });
    const page = await site.open(`/?key=demo-admin#/build/${name}`, width, scheme);
    await page
      .locator('[data-edit="1"]')
      .getByRole("button", { name: /^Remove/ })
      .click();
    await page.getByLabel("Title").fill("Mine");
    const theirs = { ...third, kind: "bars", unit: "ms" };
    const added = {
      ...panel,
      title: `Added by somebody else ${BIDI}`,
      metric: "another_metric_with_quite_a_long_name",
    };
    const panels = [first, second, theirs, added];
    await site.putDashboard({ ...stored, range: "1h", title: "Theirs", panels });
    await savePanel(page);
    await isChanged(page);
    const another = "line of another_metric_with_quite_a_long_name";
    const rows = await page.locator(".differences tbody tr").allInnerTexts();
    expect(rows.map((row) => row.split("\t"))).toEqual([
      ["title", "Theirs", "Mine"],
      ["range", "1h", "15m"],
      ["Panel “Third”, kind", "bars", "line"],
      ["Panel “Third”, unit", "ms", "none"],
      ["Panel “Second” is only in theirs", "line of shop_ads, 6 × 3", "none"],
      ["Panel “Added by somebody else \\u202Egpj.exe” is only in theirs", `${another}, 6 × 3`, "none"],
    ]);
    expect(await seriousIn(page)).toEqual([]);
    expect(await overflowOf(page)).toBeLessThanOrEqual(0);
    await screenshot(page, `build-differences-${width}-${scheme}`);
    await page.getByRole("button", { name: "Save mine all the same" }).click();
    await isSaved(page);
    expect(await page.locator(".differences").count()).toBe(0);
    await page.close();
  });

  it("[U11] nor is one that is changed between the look and the saving", async () => {
    const page = await site.open("/?key=demo-admin#/build/shop/0");
    await editWhere(page, "plan = 'pro'");
    await page.route("**/v1/catalog/changes", async (route) => {
      await putMetric("plan = 'free'");
      await route.continue();
    });
    await savePanel(page);
    await isChanged(page);
    expect(await storedWhere()).toBe("plan = 'free'");
    await page.close();
  });

  it("[U11] what is refused for one metric is saved not at all, and stands at that metric's form", async () => {
    const metric = { event: "ad", aggregate: "count", window: { type: "tumbling", size: "10s" } };
    const alert = { metric: "watched", condition: "> 5" };
    for (const [path, definition] of [
      ["metrics/watched", metric],
      ["alerts/many", alert],
    ] as const) {
      const put = { method: "PUT", body: JSON.stringify(definition) };
      expect((await site.freshet.fetch(`/v1/catalog/${path}`, put)).status).toBe(200);
    }
    const panel = { kind: "line", width: 6, height: 3 };
    const panels = ["shop_ads", "watched"].map((name) => ({ ...panel, title: name, metric: name }));
    await site.putDashboard({ name: "pair", title: "Pair", range: "15m", panels });
    const body = JSON.stringify({ name: "ad", user: "u" });
    await site.freshet.fetch("/v1/events", { method: "POST", body }, "demo-write");
    const before = await storedWhere();
    const page = await site.open("/?key=demo-admin#/build/pair/0");
    await editWhere(page, "plan = 'whole'");
    await page.locator('[data-edit="1"]').getByRole("button", { name: /^Edit/ }).click();
    await page.getByLabel("Show").selectOption("topk");
    await page.getByLabel("Of", { exact: true }).selectOption("user");
    await page.getByRole("button", { name: "Keep changes" }).click();
    await savePanel(page);
    await page.getByText("the alert 'many' could not be evaluated any more").waitFor();
    await page.getByRole("heading", { name: "Panel: watched" }).waitFor();
    await screenshot(page, "build-refused");
    expect(await storedWhere()).toBe(before);

    await page.getByLabel("Show").selectOption("rate");
    await page.getByRole("button", { name: "Keep changes" }).click();
    await savePanel(page);
    await isSaved(page);
    expect(await storedWhere()).toBe("plan = 'whole'");
    await page.close();
  });

  it("[U11] what is typed in a panel's form is found again after another page, until it is kept or cancelled", async () => {
    const page = await site.open("/?key=demo-admin#/build/shop/1");
    const title = page.getByLabel("Title", { exact: true });
    await title.fill("Second, renamed");
    await page.getByRole("link", { name: "Alerts" }).click();
    await page.getByRole("heading", { name: "Alerts" }).first().waitFor();
    await page.goBack();
    expect(await title.inputValue()).toBe("Second, renamed");
    await page.getByRole("button", { name: "Cancel" }).click();
    await page.locator('[data-edit="1"]').getByRole("button", { name: /^Edit/ }).click();
    expect(await title.inputValue()).toBe("Second");

    // Of a dashboard that has no name yet, too.
    await page.evaluate(() => (location.hash = "#/build"));
    await page.getByRole("button", { name: "Add panel" }).click();
    await page.getByLabel("Metric", { exact: true }).selectOption("shop_ads");
    await title.fill("New and unkept");
    await page.getByRole("link", { name: "Alerts" }).click();
    await page.getByRole("heading", { name: "Alerts" }).first().waitFor();
    await page.goBack();
    expect(await title.inputValue()).toBe("New and unkept");
    await page.locator(".editor").getByRole("button", { name: "Add panel" }).click();
    expect(await page.locator(".edit-card .panel-title").allInnerTexts()).toEqual(["New and unkept"]);
    await page.close({ runBeforeUnload: false });
  });

  it("[U11] the builder's address says which panel is edited, and no other", async () => {
    const page = await site.open("/d/shop?key=demo-admin");
    await page.getByRole("heading", { name: "Shop" }).waitFor();
    await page.evaluate(() => (location.hash = "#/build/shop/0"));
    await page.getByRole("heading", { name: "Panel: First" }).waitFor();
    await page.getByRole("button", { name: "Cancel" }).click();
    await page.locator(".edit-grid").waitFor();
    expect(new URL(page.url()).hash).toBe("#/build/shop");
    await page.goBack();
    await page.getByRole("heading", { name: "Shop" }).waitFor();
    await page.goForward();
    await page.locator(".edit-grid").waitFor();
    expect(await page.locator(".editor").count()).toBe(0);

    await page.evaluate(() => (location.hash = "#/build/shop/1"));
    await page.getByRole("heading", { name: "Panel: Second" }).waitFor();
    await page.evaluate(() => (location.hash = "#/build/shop/0"));
    await page.getByRole("heading", { name: "Panel: First" }).waitFor();
    expect(await page.getByLabel("Title", { exact: true }).inputValue()).toBe("First");
    await page.goBack();
    await page.getByRole("heading", { name: "Panel: Second" }).waitFor();
    await page.goBack();
    await page.locator(".edit-grid").waitFor();
    await page.close();
  });

  it("[U11] a panel's form that is closed leaves no step behind: one step back goes to where the builder was opened", async () => {
    const page = await site.open("/d/shop?key=demo-admin");
    await page.getByRole("heading", { name: "Shop" }).waitFor();
    await page.getByRole("link", { name: "Edit" }).click();
    const grid = page.locator(".edit-grid");
    const steps = () => page.evaluate(() => history.length);
    await grid.waitFor();
    const before = await steps();
    for (const name of ["Cancel", "Keep changes"]) {
      await edit(page);
      await page.getByRole("heading", { name: "Panel: First" }).waitFor();
      await page.getByRole("button", { name }).click();
      await grid.waitFor();
      expect(await page.evaluate(() => document.activeElement?.getAttribute("aria-label"))).toMatch(/First/);
    }
    // What is ahead can be gone to again; there is no more than that.
    expect(await steps()).toBe(before + 1);
    await page.goForward();
    await page.getByRole("heading", { name: "Panel: First" }).waitFor();
    await page.goBack();
    await grid.waitFor();
    await page.goBack();
    await page.getByRole("heading", { name: "Shop" }).waitFor();
    expect(await page.locator(".build").count()).toBe(0);
    await page.close();
  });

  it("[U8][U9] text that would turn the writing about is shown as what it is", async () => {
    const event = { name: `ad ${BIDI}`, user: `\u2066u`, props: { [`k\u200F`]: `v${BIDI}\u0007` } };
    const body = JSON.stringify(event);
    await site.freshet.fetch("/v1/events", { method: "POST", body }, "demo-write");
    const page = await site.open("/?key=demo-admin#/stream");
    const name = page.locator(".stream-table a").first();
    await name.waitFor({ timeout: 15_000 });
    const row = await page.locator(".tail-table tbody tr").first().innerText();
    for (const text of ["\\u202Egpj.exe", "\\u2066u", "k\\u200F", "\\u0007"]) expect(row).toContain(text);
    expect(row).not.toMatch(/\p{Bidi_Control}/u);
    expect(await name.locator("bdi").count()).toBe(1);
    await name.click();
    await page.locator(".json").waitFor();
    expect(await page.locator(".json").innerText()).toContain("\\u202Egpj.exe");
    expect(await page.locator("main").innerText()).not.toMatch(/\p{Bidi_Control}/u);
    await page.getByRole("link", { name: "Names and fields" }).click();
    await page.locator(".seen").first().waitFor();
    const names = await page.locator("main").innerText();
    expect(names).toContain("\\u202Egpj.exe");
    expect(names).not.toMatch(/\p{Bidi_Control}/u);
    await page.close();
  });

  it("[U8] a condition that cannot be read shows its error, and nothing of what matches", async () => {
    const page = await site.open("/?key=demo-admin#/stream");
    await page.locator(".stream-table").waitFor({ timeout: 15_000 });
    await page.getByLabel("Where").fill("country = ");
    await page.getByText("where, column 11: found the end").waitFor();
    const shown = await page.locator("main").innerText();
    expect(shown).not.toContain("All that match");
    expect(shown).not.toContain("of the newest events");
    expect(await page.locator(".stream-table").count()).toBe(0);
    await page.getByLabel("Where").fill("");
    await page.locator(".stream-table").waitFor({ timeout: 15_000 });
    await page.close();
  });
});
