import type { Page } from "playwright-core";
import { beforeAll, expect, it } from "vitest";
import type { AlertSource } from "../../protocol/alert.ts";
import { describeInChromium, screenshot } from "../helpers/dashboard-browser.ts";
import { overflowOf, seriousIn } from "../helpers/page-checks.ts";

const RULE = "/v1/catalog/alerts/many";

describeInChromium("two who change one alert", {}, (site) => {
  beforeAll(async () => {
    const metric = { event: "ad", aggregate: "count", window: { type: "tumbling", size: "10s" } };
    const body = JSON.stringify({ ...metric, groupBy: ["site"] });
    await site.freshet.fetch("/v1/catalog/metrics/ads", { method: "PUT", body });
  });

  async function putRule(rule: Partial<AlertSource>): Promise<void> {
    const body = JSON.stringify({ metric: "ads", condition: "> 5", ...rule });
    expect((await site.freshet.fetch(RULE, { method: "PUT", body })).status).toBe(200);
  }

  const storedRule = async () => (await (await site.freshet.fetch(RULE)).json()) as AlertSource;
  const save = (page: Page) => page.getByRole("button", { name: "Save", exact: true }).click();
  const listed = (page: Page) => page.getByRole("button", { name: "Silence many" }).waitFor();
  const isChanged = (page: Page) => page.getByText("by somebody else meanwhile").waitFor();

  async function open(key = "demo-admin", width = 1_440, scheme: "dark" | "light" = "dark"): Promise<Page> {
    const page = await site.open(`/?key=${key}#/alerts/rule/many`, width, scheme);
    await page.getByLabel("Bound").waitFor();
    return page;
  }

  it("[A1] who comes second is told what differs, and takes theirs or saves mine", async () => {
    await putRule({});
    const page = await open();
    await page.getByLabel("Bound").fill("7");
    await putRule({ condition: "> 9", for: "5m" });
    await save(page);
    await isChanged(page);
    expect(await page.locator(".differences tbody tr").allInnerTexts()).toEqual([
      "condition\t> 9\t> 7",
      "for\t5m\tnone",
    ]);
    expect(await storedRule()).toMatchObject({ condition: "> 9", for: "5m" });
    await page.getByRole("button", { name: "Take theirs" }).click();
    expect(await page.getByLabel("Bound").inputValue()).toBe("9");
    await page.getByLabel("Bound").fill("8");
    await save(page);
    await listed(page);
    expect(await storedRule()).toMatchObject({ condition: "> 8", for: "5m" });

    await page.getByRole("link", { name: "many" }).click();
    await page.getByLabel("Bound").fill("1");
    await putRule({ condition: "no data" });
    await save(page);
    await isChanged(page);
    await page.getByRole("button", { name: "Save mine all the same" }).click();
    await listed(page);
    expect(await storedRule()).toMatchObject({ condition: "> 1", for: "5m" });
    await page.close();
  });

  it("[A1] a form that is closed leaves no step behind: one step back goes to where the alerts were opened", async () => {
    await putRule({});
    const page = await site.open("/d/ads?key=demo-admin");
    await page.getByRole("link", { name: "Alerts" }).click();
    await page.getByRole("link", { name: "many" }).click();
    await page.getByLabel("Bound").fill("6");
    await save(page);
    await listed(page);
    await page.goBack();
    await expect.poll(() => new URL(page.url()).hash).toBe("");
    expect(await page.locator(".alerts").count()).toBe(0);
    await page.close();
  });

  it("[A1] nor is one made twice, or deleted that is another by now; one that was removed can be made again", async () => {
    await putRule({});
    const page = await site.open("/?key=demo-admin#/alerts/new");
    await page.getByLabel("Name").fill("many");
    await page.getByLabel("Bound").fill("3");
    await save(page);
    await isChanged(page);
    expect(await storedRule()).toMatchObject({ condition: "> 5" });

    await page.evaluate(() => (location.hash = "#/alerts/rule/many"));
    await page.getByRole("heading", { name: "Alert many" }).waitFor();
    await page.getByLabel("Bound").waitFor();
    await putRule({ condition: "> 6" });
    await page.getByRole("button", { name: "Delete" }).click();
    await page.getByText("Not deleted").waitFor();
    await page.getByRole("button", { name: "Take theirs" }).click();
    expect(await page.getByLabel("Bound").inputValue()).toBe("6");

    await page.getByLabel("Bound").fill("2");
    expect((await site.freshet.fetch(RULE, { method: "DELETE" })).status).toBe(204);
    // The page asks how rules stand every five seconds; what is being written stays.
    await page.waitForTimeout(6_000);
    await save(page);
    await page.getByText("was removed by somebody else meanwhile").waitFor();
    expect(await page.getByRole("button", { name: "Take theirs" }).count()).toBe(0);
    await page.getByRole("button", { name: "Save mine all the same" }).click();
    await listed(page);
    expect(await storedRule()).toMatchObject({ condition: "> 2" });
    await page.close();
  });

  it("[A1] who has come with a read key is told, too, and the webhook that nobody touched stays", async () => {
    await putRule({ webhook: "https://hooks.example.com/a" });
    const page = await open("demo-read");
    await page.getByLabel("Bound").fill("7");
    // Where it goes is not seen with this key, and is no conflict.
    await putRule({ webhook: "https://hooks.example.com/b" });
    await save(page);
    await page.getByRole("textbox", { name: "Key" }).fill("demo-admin");
    await page.getByRole("dialog").getByRole("button", { name: "Save" }).click();
    await listed(page);
    expect(await storedRule()).toMatchObject({ condition: "> 7", webhook: "https://hooks.example.com/b" });
    await page.close();

    const other = await open("demo-read");
    await other.getByLabel("Bound").fill("4");
    await putRule({ condition: "> 99" });
    await save(other);
    await isChanged(other);
    await other.getByRole("button", { name: "Save mine all the same" }).click();
    await other.getByRole("textbox", { name: "Key" }).fill("demo-admin");
    await other.getByRole("dialog").getByRole("button", { name: "Save" }).click();
    await listed(other);
    expect(await storedRule()).toMatchObject({ condition: "> 4" });
    await other.close();
  });

  it.each([
    [1_440, "dark"],
    [1_440, "light"],
    [390, "dark"],
    [390, "light"],
  ] as const)("[A1][U5] axe finds nothing serious in the notice at %i px, %s", async (width, scheme) => {
    await putRule({});
    const page = await open("demo-admin", width, scheme);
    await page.getByLabel("Bound").fill("7");
    await page.getByLabel("Webhook").fill("https://hooks.example.com/freshet/of/quite/a/long/address");
    await putRule({ condition: "no data", for: "10m", groups: [{ site: "shop" }, { site: "b" }] });
    await save(page);
    await isChanged(page);
    expect(await seriousIn(page)).toEqual([]);
    expect(await overflowOf(page)).toBeLessThanOrEqual(0);
    await page.getByRole("button", { name: "Take theirs" }).scrollIntoViewIfNeeded();
    await screenshot(page, `alert-conflict-${width}-${scheme}`);
    await page.close();
  });
});
