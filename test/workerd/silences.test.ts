import { env, exports } from "cloudflare:workers";
import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { describe, expect, it } from "vitest";
import type { AlertNotification, AlertsAnswer } from "../../protocol/alert.ts";
import { LIMITS } from "../../protocol/limits.ts";
import type { MetricSource } from "../../protocol/metric.ts";
import type { Silence } from "../../protocol/silence.ts";
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

/** A private address, to which nothing is sent: what is to be sent stays in the outbox. */
const WEBHOOK = "http://127.0.0.1:9/";
const SILENCE = { alert: "silent", for: "1h", comment: "moving house" };

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

/** A project of which one rule fires for each of these sites, and is never resolved. */
async function silentProject(...sites: string[]): Promise<TestProject> {
  const project = await TestProject.with(CLICKS);
  await silent(project, ...sites);
  return project;
}

async function silent(project: TestProject, ...sites: string[]): Promise<void> {
  const groups = sites.map((site) => ({ site }));
  const rule = { name: "silent", metric: "clicks", condition: "no data", groups, webhook: WEBHOOK };
  const change = { kind: "alerts", name: rule.name, source: rule } as const;
  await env.CATALOG.getByName("catalog").change(project.name, [change]);
}

const silence = (project: TestProject, body: object, role?: string) =>
  call(project, "POST", "/v1/alerts/silences", body, role);

async function standing(
  project: TestProject,
  wanted: (answer: AlertsAnswer) => boolean,
): Promise<AlertsAnswer> {
  for (let tries = 0; ; tries++) {
    const { body } = await call(project, "GET", "/v1/alerts?from=now-1h", undefined, "read");
    const answer = body as unknown as AlertsAnswer;
    if (wanted(answer) || tries === 100) return answer;
    await scheduler.wait(100);
  }
}

/** What is to be sent, in its order. */
function outbox(project: TestProject): Promise<AlertNotification[]> {
  return runInDurableObject(env.METRIC_WINDOW.getByName(project.name), (_, { storage }) =>
    Array.from(
      storage.sql.exec<{ body: string }>("SELECT body FROM alert_outbox ORDER BY id"),
      ({ body }) => JSON.parse(body) as AlertNotification,
    ),
  );
}

const rows = (project: TestProject, table: string): Promise<number> =>
  runInDurableObject(
    env.METRIC_WINDOW.getByName(project.name),
    (_, { storage }) => storage.sql.exec<{ n: number }>(`SELECT count(*) AS n FROM ${table}`).one().n,
  );

describe("the catalog of silences", () => {
  it("[A1] takes them of an admin key, shows them to a read key, and lifts them once", async () => {
    const project = await silentProject("a", "b");
    const wish = { ...SILENCE, groups: [{ site: "a" }] };
    expect(await silence(project, wish, "read")).toMatchObject({ status: 403 });
    const before = Date.now();
    const made = await silence(project, wish);
    const { id, until } = made.body as unknown as Silence;
    expect(made).toMatchObject({
      status: 201,
      body: { alert: "silent", groups: [{ site: "a" }], comment: "moving house" },
    });
    expect(until).toBeGreaterThanOrEqual(before + 3_600_000);
    expect((await call(project, "GET", "/v1/alerts/silences", undefined, "read")).body).toEqual({
      silences: [made.body],
    });
    expect((await standing(project, () => true)).silences).toEqual([made.body]);
    expect(await call(project, "DELETE", `/v1/alerts/silences/${id}`, undefined, "read")).toMatchObject({
      status: 403,
    });
    expect(await call(project, "DELETE", `/v1/alerts/silences/${id}`)).toMatchObject({ status: 204 });
    expect(await call(project, "DELETE", `/v1/alerts/silences/${id}`)).toMatchObject({
      status: 404,
      body: { error: "unknown_silence" },
    });
  });

  it("[A1] the same groups again are the same silence, with another end", async () => {
    const project = await silentProject("a");
    const first = (await silence(project, SILENCE)).body as unknown as Silence;
    const again = (await silence(project, { ...SILENCE, for: "2h", comment: "still" })).body;
    expect(again).toMatchObject({ id: first.id, createdAt: first.createdAt, comment: "still" });
    await silence(project, { ...SILENCE, groups: [{ site: "a" }] });
    const { silences } = (await call(project, "GET", "/v1/alerts/silences")).body as { silences: Silence[] };
    expect(silences.map(({ groups, comment }) => [groups, comment])).toEqual([
      [[{ site: "a" }], "moving house"],
      [undefined, "still"],
    ]);
  });

  it("[A1] refuses what cannot be, and says what", async () => {
    const project = await silentProject("a");
    for (const [wrong, status, message] of [
      [{ alert: "none" }, 404, /^there is no alert 'none'$/],
      [
        { groups: [{ page: "x" }] },
        400,
        /^groups\[0\] names 'page', but the metric 'clicks' is grouped by site$/,
      ],
      [{ for: "100d" }, 400, /^for is "100d"; expected a duration such as '2h', at most 90d$/],
    ] as const) {
      const refused = await silence(project, { ...SILENCE, ...wrong });
      expect(refused.status).toBe(status);
      expect(refused.body["message"]).toMatch(message);
    }
  });

  it("[A1] holds a bounded number; those that are over are swept, those of a rule go with it", async () => {
    const project = await silentProject("a");
    const catalog = env.CATALOG.getByName("catalog");
    const untilMs = Date.now() + 3_600_000;
    for (let i = 0; i < LIMITS.silencesPerProject - 1; i++) {
      await runInDurableObject(catalog, (_, { storage }) => {
        const values = [
          project.name,
          "silent",
          JSON.stringify([{ site: `s${i}` }]),
          `id${i}`,
          "why",
          0,
          untilMs,
        ];
        storage.sql.exec("INSERT INTO silences VALUES (?, ?, ?, ?, ?, ?, ?)", ...values);
      });
    }
    expect(await silence(project, { ...SILENCE, for: "1s", groups: [{ site: "z" }] })).toMatchObject({
      status: 201,
    });
    expect(await silence(project, SILENCE)).toMatchObject({
      status: 409,
      body: {
        error: "too_many_silences",
        message: `the project has ${LIMITS.silencesPerProject} silences, which is the bound; lift one`,
      },
    });
    await scheduler.wait(1_100);
    expect(await silence(project, SILENCE)).toMatchObject({ status: 201 });
    await call(project, "DELETE", "/v1/catalog/alerts/silent");
    const left = await runInDurableObject(
      catalog,
      (_, { storage }) =>
        storage.sql
          .exec<{ n: number }>("SELECT count(*) AS n FROM silences WHERE project = ?", project.name)
          .one().n,
    );
    expect(left).toBe(0);
  }, 30_000);
});

describe("a rule that is silenced", () => {
  it("[A1] fires as always and tells nobody; when the silence is lifted, what fires then is told once", async () => {
    const project = await silentProject("never");
    await silence(project, SILENCE);
    await silent(project, "a", "b");
    const firing = await standing(project, ({ rules }) => rules[0]?.firing === 2);
    expect(firing.rules).toMatchObject([{ state: "firing", firing: 2, silenced: 2, waiting: 0 }]);
    expect(firing.episodes.map(({ silenced, toldAt }) => [silenced, toldAt])).toEqual([
      [true, undefined],
      [true, undefined],
    ]);
    expect(await outbox(project)).toEqual([]);
    await evictDurableObject(env.METRIC_WINDOW.getByName(project.name));
    // One of them is resolved within the silence.
    await project.post([{ name: "click", ts: Date.now(), props: { site: "b" } }]);
    await standing(project, ({ episodes }) => {
      return episodes.some(({ group, resolvedAt }) => group["site"] === "b" && resolvedAt !== null);
    });
    const [known] = firing.silences;
    const liftedMs = Date.now();
    await call(project, "DELETE", `/v1/alerts/silences/${known?.id}`);
    const sent = await outbox(project);
    const ofA = firing.episodes.find(({ group }) => group["site"] === "a");
    expect(sent.filter(({ group }) => group["site"] === "a")).toMatchObject([
      { type: "alert.fired", group: { site: "a" }, firedAt: ofA?.firedAt, value: null },
    ]);
    expect(sent[0]?.silencedUntil).toBeGreaterThanOrEqual(liftedMs);
    // The window after the click has none: site b may fire again by then, and that is not silenced.
    expect(sent.filter(({ type }) => type === "alert.resolved")).toEqual([]);
    const told = await standing(project, () => true);
    const again = told.episodes.find(
      ({ group, firedAt }) => group["site"] === "a" && firedAt === ofA?.firedAt,
    );
    expect(again).toMatchObject({ silenced: true, toldAt: sent[0]?.silencedUntil });
    expect(told.rules).toMatchObject([{ silenced: 0 }]);
  }, 60_000);

  it("[A1] by its end alone, what still fires is told; silences that are over are swept", async () => {
    const project = await silentProject("never");
    await silence(project, { ...SILENCE, for: "4s" });
    await silent(project, "a");
    const firing = await standing(project, ({ rules }) => rules[0]?.silenced === 1);
    expect(firing.rules).toMatchObject([{ silenced: 1 }]);
    const told = await standing(project, ({ episodes }) =>
      episodes.some(({ group, toldAt }) => group["site"] === "a" && toldAt !== undefined),
    );
    const episode = told.episodes.find(({ group }) => group["site"] === "a");
    expect(episode?.toldAt).toBeGreaterThanOrEqual(firing.silences[0]?.until ?? Infinity);
    expect(episode?.toldAt).toBeLessThan((firing.silences[0]?.until ?? 0) + 3_000);
    expect((await outbox(project)).filter(({ group }) => group["site"] === "a")).toHaveLength(1);
    expect(told.silences).toEqual([]);
    expect(await rows(project, "alert_silences")).toBe(0);
    expect(await rows(project, "alert_untold")).toBe(0);
  }, 60_000);

  it("[A1] what had fired before is told to its end", async () => {
    const project = await silentProject("a");
    await standing(project, ({ rules }) => rules[0]?.firing === 1);
    await silence(project, SILENCE);
    await silent(project, "b");
    await standing(project, ({ rules }) => rules[0]?.silenced === 1);
    expect((await outbox(project)).map(({ type, group, reason }) => [type, group["site"], reason])).toEqual([
      ["alert.fired", "a", undefined],
      ["alert.resolved", "a", "rule_changed"],
    ]);
  }, 60_000);

  it("[A1] that is deleted takes its silence along, and what it ends is still silenced", async () => {
    const project = await silentProject("never");
    await silence(project, SILENCE);
    await silent(project, "a");
    await standing(project, ({ rules }) => rules[0]?.silenced === 1);
    const before = (await outbox(project)).length;
    await call(project, "DELETE", "/v1/catalog/alerts/silent");
    const { episodes, silences } = await standing(project, () => true);
    expect(episodes.find(({ group }) => group["site"] === "a")).toMatchObject({
      reason: "rule_deleted",
      silenced: true,
    });
    expect(silences).toEqual([]);
    expect(await outbox(project)).toHaveLength(before);
  }, 60_000);

  it("[A1] of a split metric is silenced in all its objects", async () => {
    const project = await TestProject.with({ ...CLICKS, shards: 4 });
    const sites = ["a", "b", "c", "d", "e", "f"];
    await silent(project, "never");
    await silence(project, { ...SILENCE, groups: sites.slice(1).map((site) => ({ site })) });
    await silent(project, ...sites);
    const { rules, episodes } = await standing(project, (answer) => answer.rules[0]?.firing === sites.length);
    expect(rules).toMatchObject([{ firing: 6, silenced: 5 }]);
    const loud = episodes.filter(({ silenced }) => silenced === undefined).map(({ group }) => group["site"]);
    expect(loud.filter((site) => site !== "never")).toEqual(["a"]);
  }, 60_000);

  it("[A1] is counted for the operator", async () => {
    const project = await silentProject("never");
    await silence(project, SILENCE);
    await silent(project, "a", "b");
    await standing(project, ({ rules }) => rules[0]?.silenced === 2);
    const metrics = await (await exports.default.fetch("http://freshet.test/metrics")).text();
    expect(metrics).toContain(`freshet_alerts_silenced_total{object="${project.name}"} 2`);
  }, 60_000);
});
