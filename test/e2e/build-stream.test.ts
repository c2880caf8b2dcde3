import { expect, it } from "vitest";
import { describeInChromium } from "../helpers/dashboard-browser.ts";

describeInChromium("looking into the stream for long", {}, (site) => {
  async function send(...events: object[]): Promise<void> {
    await site.freshet.fetch("/v1/events", { method: "POST", body: JSON.stringify(events) }, "demo-write");
  }

  it("[U8] a filter shows what matches of the events that are there, and stands in the address", async () => {
    await send({ name: "rare", value: 7 }, { name: "often", value: 1 }, { name: "often", value: 2 });
    const page = await site.open("/?key=demo-admin#/stream");
    const names = page.locator(".tail-table a");
    await names.nth(2).waitFor();
    await page.getByLabel("Event", { exact: true }).fill("rare");
    await expect.poll(() => names.allInnerTexts()).toEqual(["rare"]);
    await page.getByLabel("Where").fill("value > 5");
    await page.waitForURL("**/#/stream/tail/event=rare/where=value%20%3E%205");
    await expect.poll(() => names.allInnerTexts()).toEqual(["rare"]);
    // Who follows an event comes back to it.
    await names.first().click();
    await page.getByText("Written to the log").waitFor();
    await page.goBack();
    await expect.poll(() => names.allInnerTexts()).toEqual(["rare"]);
    expect(await page.getByLabel("Where").inputValue()).toBe("value > 5");
    await page.getByRole("link", { name: "Live tail" }).click();
    await expect.poll(() => names.count()).toBe(3);
    expect(await page.getByLabel("Event", { exact: true }).inputValue()).toBe("");
    await page.getByLabel("Event", { exact: true }).fill("none of this name");
    await page.getByText("None of the newest events matches").waitFor();
    // What the server refuses can be taken back.
    await page.getByLabel("Event", { exact: true }).fill("x".repeat(200));
    await page.getByText("event has 200 bytes; the bound is 128").waitFor();
    await page.getByLabel("Event", { exact: true }).fill("rare");
    await expect.poll(() => names.allInnerTexts()).toEqual(["rare"]);
    await page.close();
  });

  it("[U9] the inspector goes on after the server did not answer, and says meanwhile that it does not", async () => {
    await send({ name: "followed" });
    const page = await site.open("/?key=demo-admin#/stream/tail/event=followed");
    await page.locator(".tail-table a").first().click();
    await page.getByText("Written to the log").waitFor();
    await page.route("**/v1/events/trace?*", (route) => route.abort());
    await page.getByText("The server does not answer. This is how it stood before.").waitFor();
    await page.getByText("Written to the log").waitFor();
    await page.unrouteAll();
    await page.getByText("The server does not answer.").waitFor({ state: "detached" });
    await page.close();
  });

  it("[U9] an event that was typed is still there once the key that it needs is given", async () => {
    const page = await site.open("/?key=demo-read#/stream/trace");
    await page.getByLabel("Test event").fill('{"name":"typed"}');
    await page.getByRole("button", { name: "Send and follow" }).click();
    await page.getByText("Sending needs an admin key").waitFor();
    await page.getByLabel("Key", { exact: true }).fill("demo-admin");
    await page.getByRole("button", { name: "Use it" }).click();
    await page.getByText("Sending needs an admin key").waitFor({ state: "detached" });
    expect(await page.getByLabel("Test event").inputValue()).toBe('{"name":"typed"}');
    await page.getByRole("button", { name: "Send and follow" }).click();
    await page.getByText("Metrics that take “typed”").waitFor();
    await page.close();
  });

  it("[U10] data quality that cannot be asked anew says so, and is asked again", async () => {
    const page = await site.open("/?key=demo-admin#/stream/quality");
    await page.getByText("No event was refused.").waitFor();
    await page.route("**/v1/events/quality", (route) => route.abort());
    await page.getByText("The server does not answer. This is how it stood before.").waitFor();
    await page.unrouteAll();
    await page.getByText("The server does not answer.").waitFor({ state: "detached" });
    await page.close();
  });

  it("[U11][U7] who begins to build while the server does not answer sees the events once it does", async () => {
    await send({ name: "注文", props: { 国: "日本" } });
    const page = await site.open("/?key=demo-admin");
    await page.route("**/v1/events/seen", (route) => route.abort());
    await page.evaluate(() => (location.hash = "#/build/+/new"));
    await page.getByText("The server does not answer.").waitFor();
    await page.unrouteAll();
    await page.locator(".event", { hasText: "注文" }).click();
    const where = page.getByLabel("Only where");
    expect(await where.getAttribute("placeholder")).toBe("`国` = '日本'");
    await where.fill("国 = '日本'");
    await page.getByText("A name such as `国` is written in backticks").waitFor();
    await where.fill("`国` = '日本'");
    await page.getByText("is written in backticks").waitFor({ state: "detached" });
    await page.close();
  });
});
