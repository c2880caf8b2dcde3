import { env, exports } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import type { MetricSource } from "../../protocol/metric.ts";
import { TestProject } from "./project.ts";

interface Answer {
  status: number;
  etag: string | null;
  body: { error?: string; message?: string };
}

const METRIC = { event: "e", aggregate: "count", window: { type: "tumbling", size: "10s" } } as const;
const DASHBOARD = { title: "D", range: "15m", panels: [] };
const WATCHED = { ...METRIC, name: "m", groupBy: ["site"] } satisfies MetricSource;
const KINDS = [
  ["metrics", "metric", (where: string) => ({ ...METRIC, where: `country = '${where}'` })],
  ["dashboards", "dashboard", (title: string) => ({ ...DASHBOARD, title })],
  ["alerts", "alert", (site: string) => ({ metric: "m", condition: "> 5", groups: [{ site }] })],
] as const;

describe("[M1] changes of definitions that depend on what is there", () => {
  describe.each(KINDS)("%s", (path, what, definition) => {
    async function ask(
      project: TestProject,
      method: string,
      headers: Record<string, string> = {},
      body?: object,
      name = "x",
    ): Promise<Answer> {
      const answer = await exports.default.fetch(`http://freshet.test/v1/catalog/${path}/${name}`, {
        method,
        headers: { authorization: `Bearer ${project.key("admin")}`, ...headers },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      const text = await answer.text();
      return {
        status: answer.status,
        etag: answer.headers.get("etag"),
        body: text === "" ? {} : (JSON.parse(text) as Answer["body"]),
      };
    }

    it("[M1] of two who change one version the second is refused, and told both tags", async () => {
      const project = await TestProject.with(WATCHED);
      expect((await ask(project, "PUT", {}, definition("A"))).status).toBe(200);
      const { etag } = await ask(project, "GET");
      expect(etag).toMatch(/^"[0-9a-f]{32}"$/);
      const ifMatch = { "if-match": etag ?? "" };
      expect((await ask(project, "PUT", ifMatch, definition("B"))).status).toBe(200);
      const after = await ask(project, "GET");
      expect(after.etag).not.toBe(etag);

      const refused = await ask(project, "PUT", ifMatch, definition("C"));
      expect(refused).toMatchObject({
        status: 412,
        etag: after.etag,
        body: { error: "precondition_failed" },
      });
      expect(refused.body.message).toContain(`if-match is ${etag}, but the ${what} 'x' is ${after.etag}`);
      expect((await ask(project, "DELETE", ifMatch)).status).toBe(412);
      expect(await ask(project, "GET")).toEqual(after);
      // An answer that was lost: the same again changes nothing.
      expect((await ask(project, "PUT", ifMatch, definition("B"))).status).toBe(200);

      // Compressing proxies weaken tags, and a list names several.
      const listed = { "if-match": `"no", W/${after.etag}` };
      expect((await ask(project, "PUT", listed, definition("D"))).status).toBe(200);
      expect((await ask(project, "DELETE", { "if-match": "*" })).status).toBe(204);
      const gone = await ask(project, "PUT", ifMatch, definition("E"));
      expect(gone.body.message).toContain(`if-match is ${etag}, but there is no ${what} 'x'`);
      expect(gone).toMatchObject({ status: 412, etag: null });
    });

    it("[M1] if-none-match makes a new one only", async () => {
      const project = await TestProject.with(WATCHED);
      const isNew = { "if-none-match": "*" };
      expect((await ask(project, "PUT", isNew, definition("A"))).status).toBe(200);
      const { etag } = await ask(project, "GET");
      const refused = await ask(project, "PUT", isNew, definition("B"));
      expect(refused.status).toBe(412);
      expect(refused.body.message).toContain(`if-none-match is *, but the ${what} 'x' is ${etag}`);
      expect((await ask(project, "GET")).etag).toBe(etag);
    });

    it("[M1] of many at once that name one version, one is stored", async () => {
      const project = await TestProject.with(WATCHED);
      await ask(project, "PUT", {}, definition("A"));
      const ifMatch = { "if-match": (await ask(project, "GET")).etag ?? "" };
      const answers = await Promise.all(
        Array.from({ length: 8 }, (_, i) => ask(project, "PUT", ifMatch, definition(`writer ${i}`))),
      );
      const statuses = answers.map(({ status }) => status).sort();
      expect(statuses).toEqual([200, ...Array.from({ length: 7 }, () => 412)]);
    });

    it.each([
      ["if-match", "abc"],
      ["if-match", '"a" "b"'],
      ["if-none-match", '"a"'],
    ])("[M1] %s: %s is a clear 400, and nothing is stored", async (header, value) => {
      const project = await TestProject.with(WATCHED);
      const answer = await ask(project, "PUT", { [header]: value }, definition("A"));
      expect(answer.status).toBe(400);
      expect(answer.body.message).toContain(`${header} is ${value}; expected`);
      expect((await ask(project, "GET")).status).toBe(404);
    });

    it("[M1] without these headers the last one wins, as ever", async () => {
      const project = await TestProject.with(WATCHED);
      for (const each of ["A", "B"]) {
        expect((await ask(project, "PUT", {}, definition(each))).status).toBe(200);
      }
      expect((await ask(project, "DELETE")).status).toBe(204);
    });
  });

  it("[M1] the tag that a read key is shown of an alert is of what it is shown: it tells nothing of the webhook", async () => {
    const project = await TestProject.with(WATCHED);
    const get = async (role: "read" | "admin") => {
      const headers = { authorization: `Bearer ${project.key(role)}` };
      return (
        await exports.default.fetch("http://freshet.test/v1/catalog/alerts/x", { headers })
      ).headers.get("etag");
    };
    const put = (webhook: string) => {
      const source = { name: "x", metric: "m", condition: "> 5", webhook };
      return env.CATALOG.getByName("catalog").change(project.name, [{ kind: "alerts", name: "x", source }]);
    };
    await put("https://example.com/a");
    const [read, admin] = [await get("read"), await get("admin")];
    await put("https://example.com/b");
    expect(await get("read")).toBe(read);
    expect(await get("admin")).not.toBe(admin);
    expect(read).not.toBe(admin);
  });
});
