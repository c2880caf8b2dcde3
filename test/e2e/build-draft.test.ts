import type { Page } from "playwright-core";
import { beforeAll, expect, it } from "vitest";
import type { Dashboard } from "../../protocol/dashboard.ts";
import type { MetricSource } from "../../protocol/metric.ts";
import { describeInChromium, inkOf } from "../helpers/dashboard-browser.ts";

describeInChromium("a draft over a long sitting", {}, (site) => {
  beforeAll(async () => {
    const body = JSON.stringify([{ name: "ad", value: 1, props: { country: "DE" } }, { name: "quiet" }]);
    await site.freshet.fetch("/v1/events", { method: "POST", body }, "demo-write");
    const metric = { event: "ad", aggregate: "count", window: { type: "tumbling", size: "10s" } };
    await site.freshet.fetch("/v1/catalog/metrics/ads", { method: "PUT", body: JSON.stringify(metric) });
  });

  /** A dashboard of panels of one metric, saved and open in the builder. */
  async function openSaved(name: string, ...titles: string[]): Promise<Page> {
    const panel = { kind: "line", metric: "ads", width: 6, height: 2 };
    const panels = titles.map((title) => ({ ...panel, title }));
    await site.putDashboard({ name, title: name, range: "15m", panels });
    const page = await site.open(`/?key=demo-admin#/build/${name}`);
    await page.locator(".edit-grid").waitFor();
    return page;
  }

  const titles = (page: Page) => page.locator(".edit-card .panel-title").allInnerTexts();
  const button = (page: Page, name: string) => page.getByRole("button", { name, exact: true });
  const remove = (page: Page, title: string) => button(page, `Remove ${title}`).click();
  const edit = (page: Page, title: string) => button(page, `Edit ${title}`).click();
  const isSaved = (page: Page) => page.getByText("Open the dashboard").waitFor();

  async function save(page: Page): Promise<void> {
    await button(page, "Save").click();
    await isSaved(page);
  }

  /** Adds a panel that counts the events `ad` where a condition holds. */
  async function addCount(page: Page, title: string, where: string): Promise<void> {
    await page.locator(".add-panel").click();
    await page.locator(".event", { hasText: "ad" }).first().click();
    await page.getByLabel("Only where").fill(where);
    await page.getByLabel("Title", { exact: true }).fill(title);
    await page.locator(".editor").getByRole("button", { name: "Add panel" }).click();
    await page.locator(".edit-grid").waitFor();
  }

  async function stored<T>(path: string): Promise<T> {
    return (await (await site.freshet.fetch(`/v1/catalog/${path}`)).json()) as T;
  }

  it("[U11] two panels of one event are two metrics, and neither replaces the other", async () => {
    const page = await site.open("/?key=demo-admin#/build");
    await page.getByLabel("Title").fill("Two");
    await addCount(page, "German", "country = 'DE'");
    await addCount(page, "American", "country = 'US'");
    await save(page);
    const { panels } = await stored<Dashboard>("dashboards/two");
    const wheres = panels.map(async ({ metric }) => (await stored<MetricSource>(`metrics/${metric}`)).where);
    expect(await Promise.all(wheres)).toEqual(["country = 'DE'", "country = 'US'"]);
    await page.close();
  });

  it("[U11] each panel that is removed, or let go elsewhere, is a step of its own to undo", async () => {
    const page = await openSaved("steps", "A", "B", "C");
    await remove(page, "A");
    await remove(page, "B");
    await button(page, "Undo").click();
    expect(await titles(page)).toEqual(["B", "C"]);
    await button(page, "Undo").click();
    expect(await titles(page)).toEqual(["A", "B", "C"]);
    // One panel's way by the keyboard is one step; another one's is another.
    await page.getByRole("button", { name: /^Move A/ }).focus();
    for (const _ of [1, 2]) await page.keyboard.press("ArrowRight");
    await page.getByRole("button", { name: /^Move A, place 3/ }).waitFor();
    await page.getByRole("button", { name: /^Move B/ }).focus();
    await page.keyboard.press("ArrowRight");
    await page.getByRole("button", { name: /^Move B, place 2/ }).waitFor();
    expect(await titles(page)).toEqual(["C", "B", "A"]);
    await button(page, "Undo").click();
    expect(await titles(page)).toEqual(["B", "C", "A"]);
    await button(page, "Undo").click();
    expect(await titles(page)).toEqual(["A", "B", "C"]);
    await page.close();
  });

  it("[U11] a key that is held moves a panel on, however fast it repeats", async () => {
    const page = await openSaved("held", "A", "B", "C", "D");
    await page.getByRole("button", { name: /^Move A/ }).focus();
    // Each press as soon as the last one's task has ended: no frame is drawn in between.
    await page.evaluate(async () => {
      for (let i = 0; i < 3; i++) {
        const press = new KeyboardEvent("keydown", { key: "ArrowRight", bubbles: true, cancelable: true });
        document.activeElement?.dispatchEvent(press);
        await new Promise((settle) => setTimeout(settle));
      }
    });
    expect(await titles(page)).toEqual(["B", "C", "D", "A"]);
    await page.close();
  });

  it("[U11] after saving, undo brings back the metric's definition that was replaced", async () => {
    const page = await openSaved("back", "A");
    await edit(page, "A");
    await page.getByLabel("Of length").fill("1m");
    await button(page, "Keep changes").click();
    await save(page);
    expect((await stored<MetricSource>("metrics/ads")).window.size).toBe("1m");
    await button(page, "Undo").click();
    await page.getByText("is not saved yet with 1 new or changed metric").waitFor();
    await save(page);
    expect((await stored<MetricSource>("metrics/ads")).window.size).toBe("10s");
    await page.close();
  });

  it("[U11] a new dashboard that is saved stays that one, whatever is undone", async () => {
    const page = await site.open("/?key=demo-admin#/build");
    await addCount(page, "German", "country = 'DE'");
    await page.getByLabel("Title").fill("Kept");
    await save(page);
    await button(page, "Undo").click();
    await page.getByText("is not saved yet").waitFor();
    await save(page);
    expect(await stored<Dashboard>("dashboards/kept")).toMatchObject({ title: "New dashboard" });
    await page.close();
  });

  it("[U11] what is typed while a new dashboard is being saved is not lost", async () => {
    const page = await site.open("/?key=demo-admin#/build");
    await addCount(page, "German", "country = 'DE'");
    await page.getByLabel("Title").fill("Slow");
    await page.route("**/v1/catalog/changes", async (route) => {
      await page.getByLabel("Title").fill("Slow, and changed");
      await route.continue();
    });
    await button(page, "Save").click();
    await page.waitForURL("**/d/slow#/build/slow");
    expect(await page.getByLabel("Title").inputValue()).toBe("Slow, and changed");
    await page.unrouteAll();
    await page.getByText("is not saved yet").waitFor();
    await save(page);
    expect(await stored<Dashboard>("dashboards/slow")).toMatchObject({ title: "Slow, and changed" });
    await page.close();
  });

  it("[U11] an answer to saving that breaks off is told, and it can be saved again", async () => {
    const page = await openSaved("cut", "A");
    await page.getByLabel("Title").fill("Whole");
    await page.getByText("is not saved yet").waitFor();
    await page.route("**/v1/catalog/changes", (route) => route.fulfill({ status: 200, body: '{"chan' }));
    await button(page, "Save").click();
    await page.getByText("Not saved: The server's answer broke off.").waitFor();
    await page.unrouteAll();
    await save(page);
    expect(await stored<Dashboard>("dashboards/cut")).toMatchObject({ title: "Whole" });
    await page.close();
  });

  it("[U11] a draft is found again after the page is loaded anew, until it is discarded, which can be undone", async () => {
    const page = await openSaved("anew", "A", "B");
    page.on("dialog", (dialog) => void dialog.accept());
    await remove(page, "A");
    await edit(page, "B");
    await page.getByLabel("Title", { exact: true }).fill("B, in a form");
    await page.reload();
    expect(await page.getByLabel("Title", { exact: true }).inputValue()).toBe("B, in a form");
    await button(page, "Keep changes").click();
    await expect.poll(() => titles(page)).toEqual(["B, in a form"]);
    await page.reload();
    await page.locator(".edit-grid").waitFor();
    expect(await titles(page)).toEqual(["B, in a form"]);
    await button(page, "Discard changes").click();
    await page.getByText("As it is saved.").waitFor();
    expect(await titles(page)).toEqual(["A", "B"]);
    await button(page, "Undo").click();
    expect(await titles(page)).toEqual(["B, in a form"]);
    await button(page, "Undo").click();
    await button(page, "Undo").click();
    expect(await titles(page)).toEqual(["A", "B"]);
    await page.reload();
    await page.getByText("As it is saved.").waitFor();
    await page.close();
  });

  it("[U11] an event that has not come lately is named by the keyboard, with its fields", async () => {
    const page = await site.open("/?key=demo-admin#/build");
    await page.getByLabel("Title").fill("Nightly");
    await page.locator(".add-panel").click();
    const find = page.getByLabel("Find an event");
    await find.fill("QUI");
    await expect.poll(() => page.locator(".event-name").allInnerTexts()).toEqual(["quiet", "QUI"]);
    await find.fill("nightly_import");
    await find.press("Enter");
    await page.locator(".event:has(:checked)", { hasText: "has not come lately" }).waitFor();
    await page.getByLabel("Show").selectOption({ label: "Sum" });
    await page.getByLabel("Of", { exact: true }).fill("rows");
    await page.getByLabel("Show").selectOption({ label: "Average" });
    await page.getByLabel("One series for each").pressSequentially("source, kind of it");
    await page.locator(".editor").getByRole("button", { name: "Add panel" }).click();
    await page.locator(".edit-grid").waitFor();
    await save(page);
    const [panel] = (await stored<Dashboard>("dashboards/nightly")).panels;
    expect(await stored<MetricSource>(`metrics/${panel?.metric}`)).toMatchObject({
      event: "nightly_import",
      aggregate: "avg(rows)",
      groupBy: ["source", "kind of it"],
    });
    await page.close();
  });

  it("[U11] numbers that come as text are told where a number is wanted", async () => {
    const body = JSON.stringify([{ name: "texty", props: { price: "12.5" } }]);
    await site.freshet.fetch("/v1/events", { method: "POST", body }, "demo-write");
    // An answer may be as of a second ago, and the page looks again in half a minute only.
    await expect
      .poll(async () => (await site.freshet.fetch("/v1/events/seen")).text(), { timeout: 10_000 })
      .toContain("texty");
    const page = await site.open("/?key=demo-admin#/build/+/new");
    await page.locator(".event", { hasText: "texty" }).click();
    await page.getByLabel("Show").selectOption({ label: "Sum" });
    await page.getByText("price comes as text, such as '12.5'").waitFor();
    await page.close();
  });

  it("[U11] on a phone a panel is taken beyond the window's edge, Escape lets it go, and only rows are drawn", async () => {
    const all = ["A", "B", "C", "D", "E", "F", "G", "H"];
    const page = await openSaved("phone", ...all);
    await page.setViewportSize({ width: 390, height: 600 });
    const handle = page.getByRole("button", { name: /^Move A/ });
    const hold = async (): Promise<void> => {
      await handle.hover();
      await page.mouse.down();
      await page.mouse.move(40, 590, { steps: 4 });
    };
    const isAtEnd = () =>
      page.evaluate(() => scrollY > 0 && scrollY + innerHeight >= document.body.scrollHeight - 2);
    await hold();
    await expect.poll(isAtEnd).toBe(true);
    await page.keyboard.press("Escape");
    await page.mouse.up();
    expect(await titles(page)).toEqual(all);
    await page.evaluate(() => scrollTo(0, 0));
    await hold();
    await expect.poll(isAtEnd).toBe(true);
    await page.locator('[data-edit="7"]').hover();
    await page.mouse.up();
    await expect.poll(() => titles(page)).toEqual([...all.slice(1), "A"]);

    const size = page.getByRole("button", { name: /^Size of A/ });
    const box = await size.boundingBox();
    const [x, y] = [(box?.x ?? 0) + 15, (box?.y ?? 0) + 15];
    await page.mouse.move(x, y);
    await page.mouse.down();
    await page.mouse.move(x - 200, y - 100, { steps: 5 });
    await page.mouse.up();
    expect(await size.getAttribute("aria-label")).toContain("6 of 12 columns and 1 rows");
    await page.close();
  });

  it("[U11] a wrong key is told and asked for anew, and keeps nobody from building", async () => {
    await openSaved("keys", "A").then((page) => page.close());
    const page = await site.open("/?key=demo-read#/build/keys");
    await page.getByLabel("Title").fill("Keyed");
    await button(page, "Save").click();
    const dialog = page.getByRole("dialog");
    await dialog.getByRole("textbox").fill("no-such-key");
    await page.keyboard.press("Enter");
    await dialog.getByText("That key does not do").waitFor();
    await page.keyboard.press("Escape");
    await page.locator(".add-panel").click();
    await page.locator(".event").first().click();
    await expect.poll(() => page.locator(".editor canvas").count()).toBe(1);
    await page.locator(".editor").getByRole("button", { name: "Cancel" }).click();
    await button(page, "Save").click();
    await dialog.getByRole("textbox").fill("demo-admin");
    await page.keyboard.press("Enter");
    await isSaved(page);
    expect(await stored<Dashboard>("dashboards/keys")).toMatchObject({ title: "Keyed" });
    await page.close();
  });

  it("[U11] the address of a dashboard that there is not says so, and what is built there gets its own", async () => {
    const page = await site.open("/?key=demo-admin#/build/nowhere");
    await page.getByText("There is no dashboard nowhere").waitFor();
    await page.getByLabel("Title").fill("Somewhere");
    await addCount(page, "German", "country = 'DE'");
    await save(page);
    await page.waitForURL("**/d/somewhere#/build/somewhere");
    expect(await page.getByText("There is no dashboard").count()).toBe(0);
    await page.close();
  });

  it("[U11] of two new dashboards of one name both are kept", async () => {
    const page = await site.open("/?key=demo-admin#/build");
    await addCount(page, "Mine", "country = 'DE'");
    await page.getByLabel("Title").fill(" ");
    expect(await button(page, "Save").isDisabled()).toBe(true);
    await page.getByLabel("Title").fill("Both");
    await openSaved("both", "Theirs").then((other) => other.close());
    await button(page, "Save").click();
    await button(page, "Give mine another name").click();
    await page.getByText("both_2 is not saved yet").waitFor();
    await save(page);
    expect(new URL(page.url()).hash).toBe("#/build/both_2");
    expect((await stored<Dashboard>("dashboards/both")).panels[0]?.title).toBe("Theirs");
    expect(await stored<Dashboard>("dashboards/both_2")).toMatchObject({ title: "Both" });
    await page.close();
  });

  it("[U11] a metric that somebody has removed is missed when its panel is saved, and comes back", async () => {
    const page = await site.open("/?key=demo-admin#/build");
    await addCount(page, "Gone", "country = 'FR'");
    await page.getByLabel("Title").fill("Gone");
    await save(page);
    const [panel] = (await stored<Dashboard>("dashboards/gone")).panels;
    const removed = { method: "DELETE" };
    expect((await site.freshet.fetch(`/v1/catalog/metrics/${panel?.metric}`, removed)).status).toBe(204);
    await page.getByLabel("Title").fill("Gone, and back");
    await button(page, "Save").click();
    await page.getByText("was removed by somebody else meanwhile").waitFor();
    await button(page, "Save mine all the same").click();
    await isSaved(page);
    expect(await stored<MetricSource>(`metrics/${panel?.metric}`)).toMatchObject({ where: "country = 'FR'" });
    await page.close();
  });

  it("[U11] of windows that end seldom the preview goes back far enough to show some", async () => {
    const ago = (minutes: number) => ({ name: "steady", ts: Date.now() - minutes * 60_000 });
    const body = JSON.stringify([20, 25, 30, 35].map(ago));
    await site.freshet.fetch("/v1/events", { method: "POST", body }, "demo-write");
    const page = await site.open("/?key=demo-admin#/build/+/new");
    await page.locator(".event", { hasText: "steady" }).click();
    const preview = page.getByRole("region", { name: "Preview" });
    await preview.getByText("Nothing in the last 5 min").waitFor();
    await page.getByLabel("Of length").fill("5m");
    await preview.getByText("last 1 h").waitFor();
    await expect.poll(() => inkOf(page)).toBeGreaterThan(200);
    await expect.poll(() => preview.innerText()).not.toContain("Nothing in");
    await page.close();
  });

  it("[U11][U5] a metric of any name is edited, and who removes the last panel by the keyboard is not lost", async () => {
    const metric = { event: "ad", aggregate: "count", window: { type: "tumbling", size: "10s" } };
    const put = { method: "PUT", body: JSON.stringify(metric) };
    await site.freshet.fetch("/v1/catalog/metrics/constructor", put);
    const panel = { kind: "line", metric: "constructor", width: 6, height: 2 };
    const panels = ["A", "B"].map((title) => ({ ...panel, title }));
    await site.putDashboard({ name: "odd", title: "Odd", range: "15m", panels });
    const page = await site.open("/?key=demo-admin#/build/odd/1");
    await page.getByLabel("Of length").fill("1m");
    await button(page, "Keep changes").click();
    await save(page);
    expect(await stored<MetricSource>("metrics/constructor")).toMatchObject({ window: { size: "1m" } });
    const focused = () => page.evaluate(() => document.activeElement?.getAttribute("aria-label") ?? "");
    await button(page, "Remove B").press("Enter");
    await expect.poll(focused).toMatch(/^Move A/);
    await button(page, "Remove A").press("Enter");
    await expect.poll(() => page.evaluate(() => document.activeElement?.className)).toBe("add-panel");
    await page.keyboard.press("Control+z");
    await expect.poll(() => titles(page)).toEqual(["A"]);
    await page.close();
  });
});
