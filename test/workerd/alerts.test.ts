import { env, exports } from "cloudflare:workers";
import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { describe, expect, it } from "vitest";
import type { AlertsAnswer, AlertSource } from "../../protocol/alert.ts";
import { LIMITS } from "../../protocol/limits.ts";
import type { MetricSource } from "../../protocol/metric.ts";
import { TestProject } from "./project.ts";

const CLICKS = {
  name: "clicks",
  event: "click",
  aggregate: "count",
  window: { type: "tumbling", size: "1s" },
  groupBy: ["site"],
  delay: "0s",
  lateness: "0s",
} satisfies MetricSource;

const clicks = (count: number, ts: number, site = "a") =>
  Array.from({ length: count }, () => ({ name: "click", ts, props: { site } }));

/** Epoch ms of a second's beginning, some seconds from now. */
const second = (offset: number) => (Math.floor(Date.now() / 1_000) + offset) * 1_000;

async function call(project: TestProject, method: string, path: string, body?: unknown, role = "admin") {
  const response = await exports.default.fetch(`http://freshet.test${path}`, {
    method,
    headers: { authorization: `Bearer ${project.key(role as "admin")}` },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return {
    status: response.status,
    body: (text === "" ? undefined : JSON.parse(text)) as Record<string, unknown>,
  };
}

const putAlert = (project: TestProject, alert: AlertSource, role?: string) =>
  call(project, "PUT", `/v1/catalog/alerts/${alert.name}`, alert, role);

async function answerOf(project: TestProject, parameters = ""): Promise<AlertsAnswer> {
  return (await call(project, "GET", `/v1/alerts?from=now-1h${parameters}`, undefined, "read"))
    .body as unknown as AlertsAnswer;
}

/** Asks until the answer is as wanted, or ten seconds have passed. */
async function answerWhen(
  project: TestProject,
  wanted: (answer: AlertsAnswer) => boolean,
): Promise<AlertsAnswer> {
  for (let tries = 0; ; tries++) {
    const answer = await answerOf(project);
    if (wanted(answer) || tries === 100) return answer;
    await scheduler.wait(100);
  }
}

describe("the catalog of alerts", () => {
  it("[A1] keeps rules, shows a read key all but their webhooks, and refuses what cannot be evaluated", async () => {
    const project = await TestProject.with(CLICKS);
    const alert = {
      name: "many",
      metric: "clicks",
      condition: "> 5",
      for: "1m",
      webhook: "https://example.com/hook",
    };
    expect(await putAlert(project, alert, "read")).toMatchObject({ status: 403 });
    expect(await putAlert(project, alert)).toMatchObject({ status: 200, body: alert });
    const shown = { name: "many", metric: "clicks", condition: "> 5", for: "1m" };
    expect((await call(project, "GET", "/v1/catalog/alerts", undefined, "read")).body).toEqual({
      alerts: [shown],
    });
    expect((await call(project, "GET", "/v1/catalog/alerts/many")).body).toEqual(alert);
    for (const [wrong, message] of [
      [{ metric: "none" }, /^metric is 'none'; there is no metric or view/],
      [{ groups: [{ page: "x" }] }, /^groups\[0\] names 'page'/],
      [{ condition: "5" }, /^condition is "5"/],
      [
        { webhook: "http://169.254.169.254/" },
        /'169\.254\.169\.254', which is no public address; .*ALERT_PRIVATE_WEBHOOKS/,
      ],
      [{ webhook: "https://a:b@example.com/" }, /holds a user or password/],
    ] as const) {
      const refused = await putAlert(project, { ...alert, ...wrong } as AlertSource);
      expect(refused.status).toBe(400);
      expect(refused.body["message"]).toMatch(message);
    }
    expect(await call(project, "DELETE", "/v1/catalog/metrics/clicks")).toMatchObject({
      status: 409,
      body: { error: "alert_broken" },
    });
    const ranking = { ...CLICKS, aggregate: "topk(3, page)" };
    expect(await call(project, "PUT", "/v1/catalog/metrics/clicks", ranking)).toMatchObject({ status: 409 });
    expect(await call(project, "DELETE", "/v1/catalog/alerts/many")).toMatchObject({ status: 204 });
    expect(await call(project, "DELETE", "/v1/catalog/alerts/many")).toMatchObject({ status: 404 });
    expect(await call(project, "DELETE", "/v1/catalog/metrics/clicks")).toMatchObject({ status: 204 });
  });

  it("[A1] holds a bounded number of rules", async () => {
    const project = await TestProject.with(CLICKS);
    const catalog = env.CATALOG.getByName("catalog");
    for (let i = 0; i < LIMITS.alertsPerProject; i++) {
      const source = { name: `a${i}`, metric: "clicks", condition: "> 5" };
      await catalog.change(project.name, [{ kind: "alerts", name: source.name, source }]);
    }
    const more = await putAlert(project, { name: "more", metric: "clicks", condition: "> 5" });
    expect(more).toMatchObject({ status: 409, body: { error: "too_many_alerts" } });
    expect(await putAlert(project, { name: "a7", metric: "clicks", condition: "> 6" })).toMatchObject({
      status: 200,
    });
  });

  it("[A1] has a secret for each project, which only an admin key sees, and renews", async () => {
    const [one, other] = [await TestProject.with(), await TestProject.with()];
    const secretOf = async (project: TestProject) =>
      (await call(project, "GET", "/v1/alerts/secret")).body["secret"];
    const first = await secretOf(one);
    expect(first).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
    expect(await secretOf(one)).toBe(first);
    expect(await secretOf(other)).not.toBe(first);
    expect(await call(one, "GET", "/v1/alerts/secret", undefined, "read")).toMatchObject({ status: 403 });
    const renewed = (await call(one, "POST", "/v1/alerts/secret")).body["secret"];
    expect(renewed).not.toBe(first);
    const { secrets } = await env.CATALOG.getByName("catalog").alertsOf(one.name);
    expect(secrets).toEqual([renewed, first]);
  });
});

describe("alerts of a window object", () => {
  it("[A1] fire and are resolved by final windows, each group once, and are remembered after an eviction", async () => {
    const project = await TestProject.with(CLICKS);
    await putAlert(project, { name: "many", metric: "clicks", condition: "> 2" });
    const at = second(3);
    await scheduler.wait(at - Date.now() + 1_100);
    await project.post([...clicks(3, at), ...clicks(2, at, "b")]);
    const firing = await answerWhen(project, ({ episodes }) => episodes.length > 0);
    expect(firing.episodes).toEqual([
      {
        alert: "many",
        metric: "clicks",
        group: { site: "a" },
        condition: "> 2",
        firedAt: at + 1_000,
        firedValue: 3,
        resolvedAt: expect.toSatisfy((t) => t === null || t === at + 2_000),
        resolvedValue: expect.toSatisfy((v) => v === null || v === 0),
      },
    ]);
    await evictDurableObject(env.METRIC_WINDOW.getByName(project.name));
    // Nothing comes any more: the alarm closes the empty window that resolves it.
    const resolved = await answerWhen(project, ({ episodes }) => episodes[0]?.resolvedAt !== null);
    expect(resolved.episodes).toMatchObject([{ resolvedAt: at + 2_000, resolvedValue: 0 }]);
    expect(resolved.rules).toMatchObject([{ alert: "many", state: "ok", firing: 0 }]);
  }, 30_000);

  it("[A1] tell a project that has never sent anything that it has not", async () => {
    const project = await TestProject.with({ ...CLICKS, name: "all", groupBy: [] });
    await putAlert(project, { name: "silent", metric: "all", condition: "no data", for: "1s" });
    const answer = await answerWhen(project, ({ rules }) => rules[0]?.state === "firing");
    expect(answer.rules).toMatchObject([{ alert: "silent", state: "firing", firing: 1 }]);
    expect(answer.episodes).toMatchObject([{ group: {}, firedValue: null, resolvedAt: null }]);
    // What it waits for now is an event: no alarm is needed for that.
    await scheduler.wait(1_500);
    const window = env.METRIC_WINDOW.getByName(project.name);
    await runDurableObjectAlarm(window);
    expect(await runInDurableObject(window, (_, { storage }) => storage.getAlarm())).toBeNull();
  }, 30_000);

  it("[A1] of a split metric come from all its objects", async () => {
    const project = await TestProject.with({ ...CLICKS, shards: 4 });
    await putAlert(project, { name: "any", metric: "clicks", condition: "> 0" });
    const at = second(2);
    await scheduler.wait(at - Date.now() + 1_100);
    const sites = ["a", "b", "c", "d", "e", "f"];
    await project.post(sites.flatMap((site) => clicks(1, at, site)));
    const { episodes, rules } = await answerWhen(project, (answer) => answer.episodes.length === 6);
    expect(episodes.map(({ group }) => group["site"]).sort()).toEqual(sites);
    expect(rules).toHaveLength(1);
  }, 30_000);

  it("[A1] are answered a page at a time, over all its objects, each once, to the end of what is kept", async () => {
    const project = await TestProject.with({ ...CLICKS, shards: 4 });
    await putAlert(project, { name: "any", metric: "clicks", condition: "> 0" });
    const at = second(2);
    await scheduler.wait(at - Date.now() + 2_100);
    const sites = ["a", "b", "c", "d", "e"];
    await project.post([0, 1_000].flatMap((later) => sites.flatMap((site) => clicks(1, at + later, site))));
    const whole = await answerWhen(project, ({ episodes }) => episodes.length === 5);
    expect(whole).not.toHaveProperty("cursor");
    const found: AlertsAnswer["episodes"] = [];
    let cursor: string | undefined;
    for (let pages = 1; ; pages++) {
      const page = await answerOf(
        project,
        `&to=${whole.to}&limit=2${cursor === undefined ? "" : `&cursor=${encodeURIComponent(cursor)}`}`,
      );
      found.push(...page.episodes);
      ({ cursor } = page);
      expect(page.truncated).toBe(cursor !== undefined);
      if (cursor === undefined || pages === 9) break;
      expect(page.episodes).toHaveLength(2);
    }
    expect(found.map(({ group }) => group["site"]).sort()).toEqual(sites);
    expect(found.map(({ group }) => group)).toEqual(whole.episodes.map(({ group }) => group));
  }, 30_000);

  it("[A1] tell why a webhook does not take them", async () => {
    const project = await TestProject.with({ ...CLICKS, name: "all", groupBy: [] });
    // As if the deployment had allowed it when the rule was put.
    const source = { name: "silent", metric: "all", condition: "no data", webhook: "http://127.0.0.1:9/" };
    await env.CATALOG.getByName("catalog").change(project.name, [{ kind: "alerts", name: "silent", source }]);
    await putAlert(project, { name: "untold", metric: "all", condition: "no data" });
    const { rules } = await answerWhen(project, ({ rules: [first] }) => first?.failure !== undefined);
    expect(rules).toMatchObject([
      { alert: "silent", waiting: 1, failure: "private_address" },
      { waiting: 0 },
    ]);
    expect(rules[1]).not.toHaveProperty("failure");
  }, 30_000);

  it("[A1] are counted for the operator", async () => {
    const project = await TestProject.with(CLICKS);
    await putAlert(project, {
      name: "many",
      metric: "clicks",
      condition: "no data",
      groups: [{ site: "z" }],
    });
    await answerWhen(project, ({ episodes }) => episodes.length > 0);
    const metrics = await (await exports.default.fetch("http://freshet.test/metrics")).text();
    expect(metrics).toContain(`freshet_alerts_fired_total{object="${project.name}"} 1`);
  }, 30_000);

  it("[A1] are asked for with a span that can be read", async () => {
    const project = await TestProject.with();
    for (const [query, message] of [
      ["from=soon", /^from is "soon"/],
      ["from=now&to=now-1h", /^from is \d+, later than to/],
      ["limit=0", /^limit is "0"; expected a whole number from 1 to 1000/],
      ["limit=1001", /^limit is "1001"/],
      ["limit=1e2", /^limit is "1e2"/],
      ["cursor=then", /^cursor is "then"; expected the cursor of an answer/],
    ] as const) {
      const refused = await call(project, "GET", `/v1/alerts?${query}`);
      expect(refused.status).toBe(400);
      expect(refused.body["message"]).toMatch(message);
    }
    expect(await call(project, "GET", "/v1/alerts", undefined, "write")).toMatchObject({ status: 403 });
  });
});

describe("a rule that is tried", () => {
  it("[A1] says what it would have fired over the points that there are, and changes nothing", async () => {
    const project = await TestProject.with(CLICKS);
    const at = second(-120);
    await project.post([
      ...clicks(4, at, "a"),
      ...clicks(4, at + 1_000, "a"),
      ...clicks(9, at + 1_000, "b"),
      ...clicks(1, at + 2_000, "b"),
    ]);
    await project.sumWhen("clicks", 18);
    const preview = async (rule: object) =>
      (await call(project, "POST", "/v1/alerts/preview", { metric: "clicks", ...rule }, "read")).body;
    // The newest windows are final once readers have said that nothing more comes.
    let body: Record<string, unknown> = {};
    for (let tries = 0; tries < 100; tries++) {
      body = await preview({ condition: "> 3" });
      if (JSON.stringify(body).includes(`"resolvedAt":${at + 3_000}`)) break;
      await scheduler.wait(100);
    }
    const episode = { alert: "preview", metric: "clicks", condition: "> 3" };
    expect(body["episodes"]).toMatchObject([
      { ...episode, group: { site: "a" }, firedAt: at + 1_000, firedValue: 4, resolvedAt: at + 3_000 },
      { ...episode, group: { site: "b" }, firedAt: at + 2_000, firedValue: 9, resolvedAt: at + 3_000 },
    ]);
    expect((await preview({ condition: "> 3", groups: [{ site: "b" }], for: "1s" }))["episodes"]).toEqual([]);
    expect((await answerOf(project)).episodes).toEqual([]);
    expect(await call(project, "POST", "/v1/alerts/preview", { metric: "clicks" }, "read")).toMatchObject({
      status: 400,
    });
  }, 30_000);
});
