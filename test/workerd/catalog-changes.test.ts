import { exports } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import type { CatalogChangeRequest } from "../../protocol/catalog-change.ts";
import { LIMITS } from "../../protocol/limits.ts";
import { TestProject } from "./project.ts";

const metric = (more: object = {}) => ({
  event: "e",
  aggregate: "count",
  window: { type: "tumbling", size: "1s" },
  ...more,
});
const RATIO = { ratio: { numerator: "a", denominator: "b" } };
const DASHBOARD = { title: "D", range: "15m", panels: [] };
const put = (kind: CatalogChangeRequest["kind"], name: string, definition: object, more: object = {}) => ({
  kind,
  name,
  put: definition,
  ...more,
});
const remove = (kind: CatalogChangeRequest["kind"], name: string) => ({ kind, name, delete: true });

/** A metric of each kind of thing, and what depends on it. */
const ALL = [
  put("metrics", "ratio", RATIO),
  put("metrics", "a", metric()),
  put("metrics", "b", metric()),
  put("dashboards", "main", DASHBOARD),
  put("alerts", "many", { metric: "ratio", condition: "> 1" }),
];

async function ask(project: TestProject, method: string, path: string, body?: unknown, role = "admin") {
  const response = await exports.default.fetch(`http://freshet.test/v1/catalog/${path}`, {
    method,
    headers: { authorization: `Bearer ${project.key(role as "admin")}` },
    ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
  });
  const text = await response.text();
  return {
    status: response.status,
    etag: response.headers.get("etag"),
    body: (text === "" ? {} : JSON.parse(text)) as Record<string, unknown>,
  };
}

const change = (project: TestProject, changes: readonly unknown[], role?: string) =>
  ask(project, "POST", "changes", { changes }, role);

/** All that a project has. */
async function held(project: TestProject): Promise<unknown> {
  const shelves = ["metrics", "dashboards", "alerts"].map((path) => ask(project, "GET", path));
  return (await Promise.all(shelves)).map(({ body }) => body);
}

describe("[M1] changes of several definitions", () => {
  it("[M1] are made together, in whatever order they depend on each other, and answer how each is stored", async () => {
    const project = await TestProject.with();
    const { status, body } = await change(project, ALL);
    expect(status).toBe(200);
    expect(body["changes"]).toEqual([
      { kind: "metrics", name: "ratio", put: { ...RATIO, name: "ratio" }, etag: expect.any(String) },
      { kind: "metrics", name: "a", put: { ...metric(), name: "a" }, etag: expect.any(String) },
      { kind: "metrics", name: "b", put: { ...metric(), name: "b" }, etag: expect.any(String) },
      { kind: "dashboards", name: "main", put: { name: "main", ...DASHBOARD }, etag: expect.any(String) },
      {
        kind: "alerts",
        name: "many",
        put: { metric: "ratio", condition: "> 1", name: "many" },
        etag: expect.any(String),
      },
    ]);
    const [first] = body["changes"] as { etag: string }[];
    expect((await ask(project, "GET", "metrics/ratio")).etag).toBe(first?.etag);
    // What was sent before the answer to a change is folded by it.
    await project.post([{ name: "e", ts: Date.now() }]);
    expect(await project.sumWhen("a", 1)).toBe(1);
    // An answer that was lost: the same again changes nothing.
    const before = await held(project);
    expect((await change(project, ALL)).status).toBe(200);
    expect(await held(project)).toEqual(before);
  });

  it("[M1] that would each by itself break what depends on it may be made together", async () => {
    const project = await TestProject.with();
    await change(project, ALL);
    const grouped = metric({ groupBy: ["site"] });
    const narrower = { metric: "ratio", condition: "> 1", groups: [{ site: "x" }] };
    expect((await ask(project, "PUT", "alerts/many", narrower)).status).toBe(400);
    const all = await change(project, [
      put("alerts", "many", narrower),
      put("metrics", "a", grouped),
      put("metrics", "b", grouped),
    ]);
    expect(all.status).toBe(200);
    expect((await ask(project, "DELETE", "metrics/a")).status).toBe(409);
    const gone = await change(project, [
      remove("metrics", "a"),
      remove("metrics", "ratio"),
      remove("alerts", "many"),
      remove("metrics", "not there"),
    ]);
    expect(gone.status).toBe(200);
    expect(await held(project)).toMatchObject([{ metrics: [{ name: "b" }] }, {}, { alerts: [] }]);
  });

  it.each([
    ["an invalid metric", put("metrics", "c", metric({ event: 1 })), 400, "invalid", /^event is 1/],
    ["an invalid dashboard", put("dashboards", "x", { panels: 1 }), 400, "invalid", /^panels is 1/],
    [
      "an invalid alert",
      put("alerts", "x", { metric: "a", condition: 5 }),
      400,
      "invalid",
      /^condition is 5/,
    ],
    [
      "a webhook",
      put("alerts", "x", { metric: "a", condition: "> 5", webhook: "http://10.0.0.1/" }),
      400,
      "invalid",
      /no public/,
    ],
    [
      "a view of nothing",
      put("metrics", "v", { change: { metric: "none", ago: "1d" } }),
      400,
      "invalid",
      /'none'/,
    ],
    [
      "an alert of nothing",
      put("alerts", "x", { metric: "none", condition: "> 5" }),
      400,
      "invalid",
      /'none'/,
    ],
    ["a metric that a view needs", remove("metrics", "a"), 409, "view_broken", /^the view 'ratio' could not/],
    [
      "a view that an alert needs",
      remove("metrics", "ratio"),
      409,
      "alert_broken",
      /^the alert 'many' could not/,
    ],
    [
      "another's series",
      put("metrics", "f.g", metric()),
      409,
      "series_taken",
      /the Prometheus series f_g already/,
    ],
    [
      "a tag",
      put("metrics", "a", metric({ delay: "9s" }), { ifMatch: '"0000"' }),
      412,
      "precondition_failed",
      /^if-match is "0000", but the metric 'a' is "/,
    ],
    [
      "one that is there",
      put("dashboards", "main", { ...DASHBOARD, title: "E" }, { ifNoneMatch: "*" }),
      412,
      "precondition_failed",
      /^if-none-match is \*, but the dashboard 'main' is "/,
    ],
    [
      "one that is gone",
      { ...remove("alerts", "none"), ifMatch: "*" },
      412,
      "precondition_failed",
      /^if-match is \*, but there is no alert 'none'/,
    ],
  ])("[M1] are not made at all where one is refused: %s", async (_, refused, status, error, message) => {
    const project = await TestProject.with();
    await change(project, [...ALL, put("metrics", "f_g", metric())]);
    const before = await held(project);
    const answer = await change(project, [
      put("metrics", "new", metric()),
      put("metrics", "b", metric({ where: "x = 1" })),
      remove("dashboards", "old"),
      refused,
      put("dashboards", "new", DASHBOARD),
      put("alerts", "new", { metric: "new", condition: "> 5" }),
    ]);
    expect(answer).toMatchObject({ status, body: { error, message: expect.stringMatching(message) } });
    expect(answer.body["change"]).toEqual({ kind: refused.kind, name: refused.name, index: 3 });
    expect(await held(project)).toEqual(before);
  });

  it("[M1] leave the windows of metrics as they are where they are refused", async () => {
    const project = await TestProject.with();
    await change(project, ALL);
    await project.post([{ name: "e", ts: Date.now() }]);
    expect(await project.sumWhen("a", 1)).toBe(1);
    const refused = await change(project, [
      put("metrics", "a", metric({ where: "x = 1" })),
      put("dashboards", "main", { ...DASHBOARD, title: "E" }, { ifMatch: '"0"' }),
    ]);
    expect(refused.status).toBe(412);
    await project.post([{ name: "e", ts: Date.now() }]);
    expect(await project.sumWhen("a", 2)).toBe(2);
  });

  it("[M1] are bounded in number, as the definitions of a project are", async () => {
    const project = await TestProject.with();
    const many = (count: number) =>
      Array.from({ length: count }, (_, i) => put("metrics", `m${i}`, metric()));
    const more = await change(project, many(LIMITS.metricsPerProject + 1));
    expect(more).toMatchObject({ status: 409, body: { error: "too_many_metrics" } });
    expect(await held(project)).toMatchObject([{ metrics: [] }, {}, {}]);
    expect((await change(project, many(LIMITS.metricsPerProject))).status).toBe(200);
    // One goes, one comes.
    const swap = [put("metrics", "one_more", metric()), remove("metrics", "m0")];
    expect((await change(project, swap)).status).toBe(200);
    const most = LIMITS.catalogChanges + 1;
    const tooMany = await change(
      project,
      Array.from({ length: most }, (_, i) => remove("metrics", `x${i}`)),
    );
    expect(tooMany).toMatchObject({
      status: 413,
      body: { message: `there are ${most} changes; the bound is ${LIMITS.catalogChanges}` },
    });
  }, 60_000);

  it.each([
    ["not JSON", "{", /is not JSON/],
    ["no list", {}, /^changes is nothing; expected a list/],
    ["an empty list", { changes: [] }, /^changes is an array; expected a list/],
    ["no object", { changes: [1] }, /^changes\[0\] is 1; expected an object/],
    [
      "a kind",
      { changes: [{ kind: "views", name: "a", delete: true }] },
      /^changes\[0\] kind is "views"; expected one of/,
    ],
    ["no name", { changes: [{ kind: "metrics", delete: true }] }, /^changes\[0\] name is nothing/],
    ["neither", { changes: [{ kind: "metrics", name: "a" }] }, /^changes\[0\] has neither put nor delete/],
    ["both", { changes: [{ kind: "metrics", name: "a", put: {}, delete: true }] }, /^changes\[0\] has both/],
    [
      "a field",
      { changes: [{ ...remove("metrics", "a"), force: true }] },
      /^changes\[0\] has the field "force"/,
    ],
    ["a tag", { changes: [{ ...remove("metrics", "a"), ifMatch: 1 }] }, /^changes\[0\] ifMatch is 1/],
    [
      "a name twice",
      { changes: [remove("metrics", "a"), remove("metrics", "a")] },
      /^changes\[1\] names metrics\/a again/,
    ],
    [
      "a vast one",
      { changes: [put("dashboards", "a", { x: "y".repeat(LIMITS.definitionBytes) })] },
      /^changes\[0\] has a definition of \d+ bytes; the bound is/,
    ],
  ])("[I5] of %s are a clear refusal", async (_, body, message) => {
    const project = await TestProject.with();
    const answer = await ask(project, "POST", "changes", body);
    expect([400, 413]).toContain(answer.status);
    expect(answer.body["message"]).toMatch(message);
  });

  it("[I7] take an admin key", async () => {
    const project = await TestProject.with();
    expect((await change(project, ALL, "read")).status).toBe(403);
  });
});
