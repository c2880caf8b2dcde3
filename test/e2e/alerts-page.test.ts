import type { Page } from "playwright-core";
import { expect, it } from "vitest";
import type { AlertSource } from "../../protocol/alert.ts";
import type { Silence } from "../../protocol/silence.ts";
import type { ShareLink } from "../../protocol/share.ts";
import { describeInChromium, screenshot } from "../helpers/dashboard-browser.ts";
import { overflowOf, seriousIn } from "../helpers/page-checks.ts";

const OPTIONS = { args: [], env: { ALERT_PRIVATE_WEBHOOKS: "true" } };
const LOOKS = [
  [1_440, "dark"],
  [1_440, "light"],
  [390, "dark"],
  [390, "light"],
] as const;

describeInChromium("alerts and share links", OPTIONS, (site) => {
  /** A page of a visitor of its own: nothing is kept from others. */
  function open(path: string, width = 1_440, colorScheme: "dark" | "light" = "dark"): Promise<Page> {
    return site.open(path, width, colorScheme, { permissions: ["clipboard-read", "clipboard-write"] });
  }

  async function ruleOf(name: string): Promise<AlertSource> {
    return (await (await site.freshet.fetch(`/v1/catalog/alerts/${name}`)).json()) as AlertSource;
  }

  it("[A1] a rule is tried on past points, saved with an admin key, and seen firing", async () => {
    const page = await open("/?key=demo-read#/alerts");
    await page.getByRole("link", { name: "New alert" }).click();
    await page.getByLabel("Name").fill("busy");
    await page.getByLabel("Metric").selectOption("server_network_total");
    await page.getByLabel("Condition").selectOption(">=");
    await page.getByLabel("Bound").fill("1e15");
    const status = page.locator(".alerts-preview [role=status]");
    await expect.poll(() => status.innerText(), { timeout: 10_000 }).toContain("it would not have fired");
    await page.getByLabel("Bound").fill("0");
    await expect
      .poll(() => status.innerText(), { timeout: 10_000 })
      .toMatch(/it would have fired once, first at \d\d:\d\d:\d\d\. One fires now\./);
    await page.locator(".alerts-preview canvas").first().waitFor();
    await screenshot(page, "alert-editor");
    await page.getByLabel("Webhook").fill("http://127.0.0.1:9/hook");
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByRole("textbox", { name: "Key" }).fill("demo-admin");
    await page.getByRole("dialog").getByRole("button", { name: "Save" }).click();
    const row = page.getByRole("row", { name: /busy/ });
    await expect.poll(() => row.innerText(), { timeout: 30_000 }).toMatch(/Firing[^]*>= 0[^]*1 firing/);
    await page.locator(".alerts-episode", { hasText: "busy" }).first().waitFor();
    await screenshot(page, "alerts");
    expect(await ruleOf("busy")).toEqual({
      name: "busy",
      metric: "server_network_total",
      condition: ">= 0",
      webhook: "http://127.0.0.1:9/hook",
    });
    await page.context().close();
  });

  it("[A1] a message of the server names what is wrong, and a rule that nobody told us all of keeps the rest", async () => {
    const page = await open("/?key=demo-read#/alerts/rule/busy");
    await page.getByLabel("Bound").fill("a lot");
    await expect
      .poll(() => page.locator(".alerts-preview [role=status]").innerText(), { timeout: 10_000 })
      .toContain('condition is ">= a lot"');
    await page.getByLabel("Bound").fill("-1");
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByRole("textbox", { name: "Key" }).fill("demo-admin");
    await page.getByRole("dialog").getByRole("button", { name: "Save" }).click();
    await page.getByRole("row", { name: /busy/ }).waitFor();
    expect(await ruleOf("busy")).toMatchObject({ condition: ">= -1", webhook: "http://127.0.0.1:9/hook" });
    await page.context().close();
  });

  it("[A1] charts show what fired, and the bound", async () => {
    const page = await open("/d/servers?key=demo-read");
    // The number is on the wrong side of the rule's bound, and says which.
    await expect
      .poll(async () => (await page.locator(".number-critical").allInnerTexts()).join(), { timeout: 30_000 })
      .toContain("busy");
    await screenshot(page, "alert-marks");
    const asked = page.waitForRequest((request) => request.url().includes("/v1/alerts?"));
    await page.goto(`${site.freshet.url}/d/servers?from=now-30d`);
    const fromMs = Number(new URL((await asked).url()).searchParams.get("from"));
    expect(fromMs).toBeLessThan(Date.now() - 30 * 86_400_000);
    await page.context().close();
  });

  it("[A1][U5] an alert is silenced by keyboard alone, with an admin key, and the silence is lifted", async () => {
    const page = await open("/?key=demo-read#/alerts");
    const button = page.getByRole("button", { name: "Silence busy" });
    await button.waitFor();
    await button.focus();
    await page.keyboard.press("Enter");
    const dialog = page.getByRole("dialog", { name: "Silence busy" });
    await dialog.getByLabel("For").focus();
    await page.keyboard.press("4");
    // Its groups are not asked for: the metric has none.
    await page.keyboard.press("Tab");
    await page.keyboard.type("the switch is replaced");
    expect(await seriousIn(page)).toEqual([]);
    await page.keyboard.press("Enter");
    await page.getByRole("textbox", { name: "Key" }).waitFor();
    await page.keyboard.type("demo-admin");
    await page.keyboard.press("Enter");
    await dialog.waitFor({ state: "detached" });
    // Where the dialog was opened from.
    await expect.poll(() => button.evaluate((element) => element === document.activeElement)).toBe(true);
    await expect
      .poll(() => page.getByRole("row", { name: /busy/ }).innerText(), { timeout: 10_000 })
      .toMatch(/silenced until/);
    const { silences } = (await (await site.freshet.fetch("/v1/alerts/silences")).json()) as {
      silences: Silence[];
    };
    expect(silences).toMatchObject([{ alert: "busy", comment: "the switch is replaced" }]);
    const forMs = (silences[0]?.until ?? 0) - (silences[0]?.createdAt ?? 0);
    expect(Math.abs(forMs - 4 * 3_600_000)).toBeLessThan(1_000);
    const lift = page.getByRole("button", { name: "Lift the silence of busy" });
    await lift.focus();
    await page.keyboard.press("Enter");
    await lift.waitFor({ state: "detached" });
    expect(await page.evaluate(() => document.activeElement?.textContent)).toBe("Silences");
    await page.getByText("None: whatever fires is told.").waitFor();
    await page.context().close();
  });

  it("[A1] one group of what fires is silenced from where it stands; what is wrong is said in the dialog", async () => {
    const rule = { metric: "server_network", condition: ">= 0" };
    const put = { method: "PUT", body: JSON.stringify(rule) };
    expect((await site.freshet.fetch("/v1/catalog/alerts/links", put)).status).toBe(200);
    const page = await open("/?key=demo-admin#/alerts");
    const one = page.getByRole("button", { name: /^Silence links of / }).first();
    await one.waitFor({ timeout: 30_000 });
    await one.click();
    const dialog = page.getByRole("dialog");
    const groups = dialog.getByLabel("Groups");
    expect(await groups.inputValue()).toMatch(/^interface: .+, direction: .+$/);
    const given = await groups.inputValue();
    await groups.fill("rack: 4");
    await dialog.getByLabel("Comment").fill("one link is down");
    await dialog.getByRole("button", { name: "Silence" }).click();
    await expect
      .poll(() => dialog.getByRole("alert").innerText())
      .toContain("groups[0] names 'rack', but the metric 'server_network' is grouped by");
    await groups.fill(given);
    await dialog.getByLabel("For").selectOption("Until a time …");
    expect(await dialog.getByRole("button", { name: "Silence" }).isDisabled()).toBe(true);
    const inAnHour = new Date(Date.now() + 3_600_000 - new Date().getTimezoneOffset() * 60_000);
    await dialog.getByLabel("Until").fill(inAnHour.toISOString().slice(0, 16));
    await screenshot(page, "alert-silence");
    await dialog.getByRole("button", { name: "Silence" }).click();
    await page.getByText("one group silenced").waitFor();
    expect((await site.freshet.fetch("/v1/catalog/alerts/links", { method: "DELETE" })).status).toBe(204);
    await page.context().close();
  });

  it("[A1] a rule is deleted, the secret is shown to an admin key", async () => {
    const page = await open("/?key=demo-admin#/alerts");
    await page.getByRole("button", { name: "Show the secret" }).click();
    expect(await page.getByLabel("Secret").inputValue()).toMatch(/^whsec_/);
    await page.getByRole("link", { name: "busy" }).click();
    await page.getByRole("button", { name: "Delete" }).click();
    await page.getByRole("link", { name: "slow_region" }).waitFor();
    await expect.poll(() => page.getByRole("link", { name: "busy" }).count()).toBe(0);
    await page.context().close();
  });

  it.each([
    ["alerts", "#/alerts", ".alerts-table"],
    ["alert-new", "#/alerts/new", ".alerts-preview canvas"],
    ["alert-rule", "#/alerts/rule/many", ".alerts-preview canvas"],
  ])("[A1] %s: axe finds nothing serious, in dark and light, wide and narrow", async (name, route, ready) => {
    for (const alert of [
      { name: "many", metric: "ad_clicks", condition: "> 5" },
      { name: "silent", metric: "ad_clicks_all", condition: "no data" },
    ]) {
      const put = { method: "PUT", body: JSON.stringify(alert) };
      expect((await site.freshet.fetch(`/v1/catalog/alerts/${alert.name}`, put)).status).toBe(200);
    }
    const silence = { alert: "many", groups: [{ campaign: "autumn" }], for: "1h", comment: "load test" };
    await site.freshet.fetch("/v1/alerts/silences", { method: "POST", body: JSON.stringify(silence) });
    for (const [width, scheme] of LOOKS) {
      const page = await open(`/?key=demo-admin${route}`, width, scheme);
      await page.locator(ready).first().waitFor({ timeout: 20_000 });
      await page.waitForTimeout(600);
      expect(await seriousIn(page), `${width} ${scheme}`).toEqual([]);
      expect(await overflowOf(page)).toBeLessThanOrEqual(0);
      await screenshot(page, `${name}-${width}-${scheme}`, true);
      await page.context().close();
    }
  });

  it("[I9] a link is made in a dialog, shows what it says and nothing else, and is revoked", async () => {
    const page = await open("/d/ads?key=demo-read");
    await page.getByRole("button", { name: "Share" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByRole("checkbox").first().waitFor();
    for (const box of await dialog.getByRole("checkbox").all()) {
      const text = await box.locator("xpath=..").innerText();
      if (!/\b(ad_clicks|ad_conversion_by_campaign|ad_people)$/.test(text)) await box.uncheck();
    }
    const campaign = await someCampaign();
    await dialog.getByLabel("Only these groups").fill(`campaign: ${campaign}`);
    await dialog.getByLabel("Expires after").selectOption("1h");
    await screenshot(page, "share-form");
    await dialog.getByRole("button", { name: "Make a link" }).click();
    await dialog.getByRole("textbox", { name: "Key" }).fill("demo-admin");
    await dialog.getByRole("button", { name: "Go on" }).click();
    const link = await dialog.getByLabel("Link", { exact: true }).inputValue();
    expect(await seriousIn(page)).toEqual([]);
    await dialog.getByRole("button", { name: "Copy" }).first().click();
    expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(link);
    const frame = await dialog.getByLabel("For another page").inputValue();
    await screenshot(page, "share-link");

    const shared = await open(link);
    await shared.locator("canvas").first().waitFor({ timeout: 20_000 });
    const main = () => shared.locator("main").innerText();
    await expect.poll(main, { timeout: 10_000 }).toMatch(/live ·/);
    // Of people there is no campaign: with these groups that panel would show nothing.
    expect(await shared.locator("article").count()).toBe(4);
    await expect.poll(main, { timeout: 10_000 }).toContain(campaign);
    expect(await shared.getByRole("button", { name: "Share" }).count()).toBe(0);
    expect(await shared.getByRole("link", { name: "Alerts" }).count()).toBe(0);
    expect(await shared.locator(".tab").count()).toBe(1);
    expect(await main()).not.toMatch(/forbidden|does not show/);
    // What is loaded again is the same: the link stays in the address.
    await shared.reload();
    await expect.poll(main, { timeout: 20_000 }).toMatch(/live ·/);
    expect(await seriousIn(shared)).toEqual([]);
    await screenshot(shared, "shared", true);

    const embedded = await open(/src="([^"]+)"/.exec(frame)?.[1] ?? "");
    await embedded.locator("canvas").first().waitFor({ timeout: 20_000 });
    expect(await embedded.locator(".header").count()).toBe(0);
    await embedded.context().close();

    await dialog.getByRole("button", { name: "Back to links" }).click();
    await dialog.getByRole("button", { name: /^Revoke the link to ads/ }).click();
    await dialog.getByText("There are none.").waitFor();
    // Each isolate believes what it knows of a key for ten seconds.
    await expect
      .poll(
        async () => {
          await shared.reload();
          return shared.locator("main:not([aria-busy])").innerText();
        },
        { timeout: 30_000, interval: 2_000 },
      )
      .toContain("The share link has been revoked.");
    await screenshot(shared, "shared-ended");
    await shared.context().close();
    await page.context().close();
  });

  it("[I9] the dialog: axe finds nothing serious, in dark and light, wide and narrow", async () => {
    const wish = { dashboard: "ads", expiresIn: "1h" };
    await site.freshet.fetch("/v1/share", { method: "POST", body: JSON.stringify(wish) });
    for (const [width, scheme] of LOOKS) {
      const page = await open("/d/ads?key=demo-admin", width, scheme);
      await page.getByRole("button", { name: "Share" }).click();
      await page
        .getByRole("button", { name: /^Revoke/ })
        .first()
        .waitFor();
      await page.waitForTimeout(300);
      expect(await seriousIn(page), `${width} ${scheme}`).toEqual([]);
      expect(await overflowOf(page)).toBeLessThanOrEqual(0);
      await screenshot(page, `share-${width}-${scheme}`);
      await page.context().close();
    }
    const { links } = (await (await site.freshet.fetch("/v1/share")).json()) as { links: ShareLink[] };
    expect(links).toHaveLength(1);
  });

  it("[A1][I9] no errors on the console", () => {
    // A refusal is an answer, and Chromium logs each.
    expect(site.errors.filter((error) => !/status of 40[013]/.test(error))).toEqual([]);
  });

  /** A campaign of the demo that has been clicked on. */
  async function someCampaign(): Promise<string> {
    const response = await site.freshet.fetch("/v1/query?metric=ad_clicks&from=now-1m");
    const { series } = (await response.json()) as { series: { group: { campaign?: string } }[] };
    const found = series.find(({ group }) => group.campaign !== undefined)?.group.campaign;
    if (found === undefined) throw new Error("no campaign yet");
    return found;
  }
});
