import { env, exports } from "cloudflare:workers";
import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { sign } from "hono/jwt";
import { describe, expect, it } from "vitest";
import type { Dashboard } from "../../protocol/dashboard.ts";
import { COMPACT_SUBPROTOCOL, type ErrorMessage, type SnapshotMessage } from "../../protocol/live.ts";
import type { MetricSource } from "../../protocol/metric.ts";
import type { QueryAnswer } from "../../protocol/series.ts";
import type { MintedShare, SharedView } from "../../protocol/share.ts";
import { LiveSocket, TestProject } from "./project.ts";

const CLICKS = {
  name: "clicks",
  event: "click",
  where: "secret = 'yes'",
  aggregate: "count",
  window: { type: "tumbling", size: "1s" },
  groupBy: ["site"],
} satisfies MetricSource;
const SALES = { ...CLICKS, name: "sales" } satisfies MetricSource;

async function call(key: string, method: string, path: string, body?: unknown) {
  const response = await exports.default.fetch(`http://freshet.test${path}`, {
    method,
    headers: { authorization: `Bearer ${key}` },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return {
    status: response.status,
    body: (text === "" ? undefined : JSON.parse(text)) as Record<string, unknown>,
  };
}

async function mint(project: TestProject, request: object): Promise<MintedShare> {
  const { status, body } = await call(project.key("admin"), "POST", "/v1/share", {
    expiresIn: "1h",
    ...request,
  });
  if (status !== 201) throw new Error(`${status} ${JSON.stringify(body)}`);
  return body as unknown as MintedShare;
}

async function openLive(token: string): Promise<LiveSocket> {
  const response = await exports.default.fetch("http://freshet.test/v1/live", {
    headers: { upgrade: "websocket", "sec-websocket-protocol": `freshet.v1, ${token}` },
  });
  if (response.webSocket === null) throw new Error(`no socket: ${response.status} ${await response.text()}`);
  return new LiveSocket(response.webSocket, response.headers);
}

/** A project with clicks of the sites a and b. */
async function withClicks(): Promise<TestProject> {
  const project = await TestProject.with(CLICKS, SALES);
  const now = Date.now();
  await project.post(
    ["a", "b", "b"].map((site) => ({ name: "click", ts: now, props: { site, secret: "yes" } })),
  );
  expect(await project.sumWhen("clicks", 3)).toBe(3);
  return project;
}

const groupsOf = ({ series }: Pick<QueryAnswer, "series">) => series.map(({ group }) => group["site"]).sort();

async function putDashboard(project: TestProject, source: Dashboard): Promise<void> {
  const change = { kind: "dashboards", name: source.name, source } as const;
  await env.CATALOG.getByName("catalog").change(project.name, [change]);
}

describe("[I9] a share link", () => {
  it("[I9] reads the metrics that it names, and no other", async () => {
    const project = await withClicks();
    const { token, link } = await mint(project, { metrics: ["clicks"] });
    expect(link).toBe(`http://freshet.test/#share=${token}`);
    const query = await call(token, "GET", "/v1/query?metric=clicks");
    expect(query.status).toBe(200);
    expect(groupsOf(query.body as unknown as QueryAnswer)).toEqual(["a", "b"]);
    const byParameter = await exports.default.fetch(
      `http://freshet.test/v1/query?metric=clicks&key=${token}`,
    );
    expect(byParameter.status).toBe(200);
    expect(await call(token, "GET", "/v1/query?metric=sales")).toMatchObject({
      status: 403,
      body: { error: "not_shared", message: "the share link does not show 'sales'" },
    });
  });

  it("[I9] reads only the groups that it names, whatever is asked for", async () => {
    const project = await withClicks();
    const { token } = await mint(project, { metrics: ["clicks"], groups: [{ site: "a" }] });
    for (const asked of ["", "&group=site:a", "&group={}", '&group={"site":"a"}&group={"site":"b"}']) {
      const { status, body } = await call(token, "GET", `/v1/query?metric=clicks${asked}`);
      expect([asked, status]).toEqual([asked, 200]);
      expect(groupsOf(body as unknown as QueryAnswer)).toEqual(["a"]);
    }
    expect(await call(token, "GET", "/v1/query?metric=clicks&group=site:b")).toMatchObject({
      status: 403,
      body: { error: "not_shared" },
    });
  });

  it("[I9] may do nothing else: everything else refuses it", async () => {
    const project = await withClicks();
    const { token } = await mint(project, { metrics: ["clicks"] });
    for (const [method, path, body] of [
      ["GET", "/v1/catalog/metrics"],
      ["GET", "/v1/catalog/metrics/clicks"],
      ["PUT", "/v1/catalog/metrics/x", CLICKS],
      ["GET", "/v1/catalog/dashboards"],
      ["GET", "/v1/catalog/alerts"],
      ["GET", "/v1/alerts"],
      ["GET", "/v1/alerts/secret"],
      ["GET", "/v1/share"],
      ["POST", "/v1/share", { metrics: ["clicks"], expiresIn: "1h" }],
      ["DELETE", "/v1/share/x"],
      ["POST", "/v1/explore", {}],
      ["POST", "/v1/events", [{ name: "click" }]],
      ["GET", "/prometheus/api/v1/query?query=clicks"],
      ["GET", "/prometheus/api/v1/labels"],
      ["PUT", `/v1/catalog/projects/${project.name}/keys/x`, { role: "admin" }],
    ] as const) {
      const { status } = await call(token, method, path, body);
      expect([method, path, status]).toEqual([method, path, 403]);
    }
  });

  it("[I9] is made for what there is, by an admin key, and within bounds", async () => {
    const project = await withClicks();
    const request = { metrics: ["clicks"], expiresIn: "1h" };
    expect(await call(project.key("read"), "POST", "/v1/share", request)).toMatchObject({ status: 403 });
    for (const [wrong, message] of [
      [{ metrics: ["none"] }, /^metrics names 'none'; there is no metric or view/],
      [{ dashboard: "none" }, /^dashboard is 'none'; there is no dashboard/],
      [{ expiresIn: "10y" }, /^expiresIn is "10y"/],
    ] as const) {
      const refused = await call(project.key("admin"), "POST", "/v1/share", { ...request, ...wrong });
      expect(refused.status).toBe(400);
      expect(refused.body["message"]).toMatch(message);
    }
  });

  it("[I9] is not made for groups that none of its metrics can have", async () => {
    const project = await withClicks();
    const catalog = env.CATALOG.getByName("catalog");
    await catalog.putMetric(project.name, { ...CLICKS, name: "top", aggregate: "topk(3, page)" });
    await catalog.putMetric(project.name, { ...CLICKS, name: "plain", groupBy: [] });
    await catalog.putMetric(project.name, {
      name: "share",
      ratio: { numerator: "clicks", denominator: "sales" },
    });
    const refused = async (metrics: string[], groups: object[]) => {
      const answer = await call(project.key("admin"), "POST", "/v1/share", {
        metrics,
        groups,
        expiresIn: "1h",
      });
      return answer.status === 201 ? "" : `${answer.status} ${String(answer.body["message"])}`;
    };
    expect(await refused(["clicks", "plain"], [{ site: "a" }, { siet: "b" }])).toBe(
      "400 groups[1] is of siet, but no metric of the link is grouped so; expected keys of one of them: site",
    );
    expect(await refused(["clicks"], [{ site: "a", page: "/" }])).toMatch(
      /^400 groups\[0\] is of site, page/,
    );
    expect(await refused(["plain"], [{ site: "a" }])).toBe(
      "400 groups[0] is of site, but no metric of the link is grouped; leave groups out",
    );
    expect(await refused(["plain", "clicks"], [{ site: "a" }])).toBe("");
    expect(await refused(["share"], [{ site: "a" }])).toBe("");
    expect(await refused(["top"], [{ site: "a", page: "/" }, { page: "/" }])).toBe("");
  });

  it("[I9] is listed without its token and ends when it is revoked", async () => {
    const project = await withClicks();
    const first = await mint(project, { metrics: ["clicks"] });
    const {
      token,
      link: _,
      ...second
    } = await mint(project, { metrics: ["sales"], groups: [{ site: "a" }] });
    const { body } = await call(project.key("admin"), "GET", "/v1/share");
    expect(body["links"]).toHaveLength(2);
    expect(body["links"]).toContainEqual(second);
    expect(JSON.stringify(body)).not.toContain(token);
    expect((await call(project.key("admin"), "DELETE", `/v1/share/${first.id}`)).status).toBe(204);
    expect((await call(project.key("admin"), "DELETE", `/v1/share/${first.id}`)).status).toBe(404);
    // No isolate has seen the token: the catalog is asked.
    expect(await call(first.token, "GET", "/v1/query?metric=clicks")).toMatchObject({
      status: 401,
      body: { message: "the share link has been revoked" },
    });
    expect((await call(token, "GET", "/v1/query?metric=sales")).status).toBe(200);
  });

  it("[I9] shows a page its dashboard and how to draw it, and nothing that it does not need", async () => {
    const project = await withClicks();
    const catalog = env.CATALOG.getByName("catalog");
    await catalog.putMetric(project.name, {
      name: "rate",
      ratio: { numerator: "sales", denominator: "clicks" },
    });
    const panel = { title: "Clicks", kind: "line", width: 6, height: 2 } as const;
    const dashboard: Dashboard = {
      name: "main",
      title: "Main",
      range: "15m",
      panels: [
        { ...panel, metric: "clicks" },
        { ...panel, metric: "clicks", groups: [{ site: "b" }] },
        { ...panel, metric: "rate" },
        { ...panel, metric: "sales" },
      ],
    };
    await putDashboard(project, dashboard);
    const { token } = await mint(project, {
      dashboard: "main",
      metrics: ["clicks", "rate"],
      groups: [{ site: "a" }],
    });
    const view = (await call(token, "GET", "/v1/share/view")).body as unknown as SharedView;
    expect(view.dashboard.panels.map(({ metric }) => metric)).toEqual(["clicks", "rate"]);
    expect(view.metrics.map(({ name, isFraction }) => [name, isFraction])).toEqual([
      ["clicks", undefined],
      ["rate", true],
    ]);
    expect(JSON.stringify(view)).not.toMatch(/secret|click"/);
    expect(view.groups).toEqual([{ site: "a" }]);
    // All that the dashboard draws, where no metric is named.
    expect((await mint(project, { dashboard: "main" })).metrics).toEqual(["clicks", "rate", "sales"]);
    // Without a dashboard, a panel for each metric.
    const plain = await mint(project, { metrics: ["sales"] });
    const panels = ((await call(plain.token, "GET", "/v1/share/view")).body as unknown as SharedView)
      .dashboard.panels;
    expect(panels.map(({ metric }) => metric)).toEqual(["sales"]);
    expect((await call(project.key("read"), "GET", "/v1/share/view")).status).toBe(403);
    // Beyond it a page asks the archive, too.
    for (const [key, path] of [
      [plain.token, "/v1/share/view"],
      [project.key("read"), "/v1/catalog/metrics"],
    ] as const) {
      const { headers } = await exports.default.fetch(`http://freshet.test${path}?key=${key}`);
      expect(headers.get("live-retention-ms")).toBe(String(30 * 86_400_000));
    }
    // A histogram's buckets are a key of its groups.
    await catalog.putMetric(project.name, {
      name: "spread",
      event: "click",
      aggregate: "histogram( price )",
      window: { type: "tumbling", size: "1s" },
    });
    await putDashboard(project, {
      ...dashboard,
      panels: [...dashboard.panels, { ...panel, metric: "spread" }],
    });
    const ofBucket = await mint(project, { dashboard: "main", groups: [{ price: "0.5" }] });
    const drawn = (await call(ofBucket.token, "GET", "/v1/share/view")).body as unknown as SharedView;
    expect(drawn.dashboard.panels.map(({ metric }) => metric)).toEqual(["spread"]);
  });

  it("[I9] tells a page neither the groups that its panels are held to beside those that it shows, nor other metrics", async () => {
    const project = await withClicks();
    const panel = { title: "Clicks", kind: "line", metric: "clicks", width: 6, height: 2 } as const;
    const variables = [
      { name: "site", title: "Site", metric: "sales" },
      { name: "site", title: "Site", metric: "clicks" },
    ];
    const [a, b, c] = ["site-a", "site-b", "site-c"].map((site) => ({ site }));
    if (a === undefined || b === undefined || c === undefined) throw new Error("three");
    const panels = [{ ...panel, groups: [a, b, c] }, panel, { ...panel, groups: [] }];
    await putDashboard(project, { name: "main", title: "Main", range: "15m", panels, variables });
    const { token } = await mint(project, { dashboard: "main", metrics: ["clicks"], groups: [a, c] });
    const { body } = await call(token, "GET", "/v1/share/view");
    const { dashboard } = body as unknown as SharedView;
    expect(dashboard.panels.map(({ groups }) => groups)).toEqual([[a, c], undefined, []]);
    expect(dashboard.variables).toEqual([variables[1]]);
    expect(JSON.stringify(body)).not.toMatch(/site-b|sales/);
    // Where all groups are shown, a panel's own stay.
    const all = await mint(project, { dashboard: "main", metrics: ["clicks"] });
    const whole = (await call(all.token, "GET", "/v1/share/view")).body as unknown as SharedView;
    expect(whole.dashboard.panels[0]?.groups).toEqual([a, b, c]);
  });

  it("[U4] packs the grid anew where it leaves panels out", async () => {
    const project = await withClicks();
    const panel = { title: "", kind: "line", width: 4, height: 2 } as const;
    const panels = ["clicks", "sales", "sales", "clicks"].map((metric) => ({ ...panel, metric }));
    const dashboard: Dashboard = { name: "main", title: "Main", range: "15m", panels };
    await putDashboard(project, dashboard);
    const widths = async (metrics: string[]) => {
      const { token } = await mint(project, { dashboard: "main", metrics });
      const view = (await call(token, "GET", "/v1/share/view")).body as unknown as SharedView;
      return view.dashboard.panels.map(({ width }) => width);
    };
    expect(await widths(["clicks", "sales"])).toEqual([4, 4, 4, 4]);
    expect(await widths(["clicks"])).toEqual([6, 6]);
  });
});

describe("[I9] hostile tokens", () => {
  const base64 = (value: unknown) => btoa(JSON.stringify(value)).replaceAll("=", "").replaceAll("+", "-");
  const claimsOf = (token: string) =>
    JSON.parse(atob(token.split(".")[1]?.replaceAll("-", "+").replaceAll("_", "/") ?? "")) as Record<
      string,
      unknown
    >;
  const secretOf = (project: TestProject) =>
    runInDurableObject(env.CATALOG.getByName("catalog"), (_, { storage }) => {
      return storage.sql
        .exec<{ secret: string }>("SELECT secret FROM share_secrets WHERE project = ?", project.name)
        .one().secret;
    });
  const refusal = async (token: string) => {
    const { status, body } = await call(token, "GET", "/v1/query?metric=sales");
    return `${status} ${String(body["message"])}`;
  };
  const INVALID = "401 the share link is not valid";

  it("[I9] unsigned, signed by others, of another scope or project, or no tokens at all, are refused", async () => {
    const [project, other] = [await withClicks(), await withClicks()];
    const { token } = await mint(project, { metrics: ["clicks"] });
    await mint(other, { metrics: ["clicks"] });
    const [header = "", payload = "", signature = ""] = token.split(".");
    const claims = claimsOf(token);
    const wider = { ...claims, scope: { metrics: ["clicks", "sales"] } };
    const secret = await secretOf(project);
    for (const hostile of [
      `${base64({ alg: "none", typ: "JWT" })}.${base64(wider)}.${signature}`,
      `${base64({ alg: "None", typ: "JWT" })}.${base64(wider)}.x`,
      `${header}.${base64(wider)}.${signature}`,
      `${header}.${payload}.${signature.slice(0, -4)}AAAA`,
      await sign(wider, await secretOf(other), "HS256"),
      await sign({ ...wider, sub: other.name }, secret, "HS256"),
      await sign({ ...wider, sub: "no-such-project" }, secret, "HS256"),
      // The right secret, but another algorithm, issuer or shape.
      await sign(wider, secret, "HS512"),
      await sign({ ...wider, iss: "somebody" }, secret, "HS256"),
      await sign({ ...wider, exp: undefined } as never, secret, "HS256"),
      await sign({ ...wider, exp: "never" } as never, secret, "HS256"),
      await sign({ ...wider, scope: null }, secret, "HS256"),
      await sign({ ...wider, jti: 7 } as never, secret, "HS256"),
      `eyJ${"a".repeat(200)}.${"b".repeat(200)}.${"c".repeat(43)}`,
      `eyJ${"a".repeat(9_000)}.b.c`,
    ]) {
      expect([hostile.slice(0, 60), await refusal(hostile)]).toEqual([hostile.slice(0, 60), INVALID]);
    }
  });

  it("[I9] expired ones are refused to the second, by our clock; a clock that was ahead when they were made does not matter", async () => {
    const project = await withClicks();
    const { token } = await mint(project, { metrics: ["clicks", "sales"] });
    const secret = await secretOf(project);
    const nowS = Math.floor(Date.now() / 1_000);
    const claims = claimsOf(token);
    expect(await refusal(await sign({ ...claims, exp: nowS }, secret, "HS256"))).toBe(
      "401 the share link has expired",
    );
    const ahead = await sign({ ...claims, iat: nowS + 3_600, exp: nowS + 7_200 }, secret, "HS256");
    expect((await call(ahead, "GET", "/v1/query?metric=sales")).status).toBe(200);
    // What an isolate remembers of a token ends with it.
    const short = await sign({ ...claims, exp: nowS + 2 }, secret, "HS256");
    expect((await call(short, "GET", "/v1/query?metric=sales")).status).toBe(200);
    await scheduler.wait((nowS + 2) * 1_000 - Date.now() + 50);
    expect(await refusal(short)).toBe("401 the share link has expired");
  });

  it("[I9] secrets are nowhere to be had", async () => {
    const project = await withClicks();
    await mint(project, { metrics: ["clicks"] });
    const secret = await secretOf(project);
    for (const path of [
      "/v1/share",
      "/v1/catalog/metrics",
      "/v1/catalog/dashboards",
      "/v1/config",
      "/metrics",
    ]) {
      const response = await exports.default.fetch(`http://freshet.test${path}`, {
        headers: { authorization: `Bearer ${project.key("admin")}` },
      });
      expect(await response.text()).not.toContain(secret);
    }
  });
});

describe("[I9] a share link's socket", () => {
  it("[I9] subscribes to what the link shows, also after an eviction, and a delta tells of no other group", async () => {
    const project = await withClicks();
    const { token } = await mint(project, { metrics: ["clicks"], groups: [{ site: "a" }] });
    const live = await openLive(token);
    live.send({ type: "subscribe", id: "1", metric: "sales" });
    expect(await live.next<ErrorMessage>()).toMatchObject({ type: "error", id: "1", code: "forbidden" });
    live.send({ type: "subscribe", id: "2", metric: "clicks", groups: [{ site: "b" }] });
    expect(await live.next<ErrorMessage>()).toMatchObject({ type: "error", id: "2", code: "forbidden" });
    await evictDurableObject(env.LIVE_HUB.getByName(project.name));
    for (const [id, groups] of [
      ["3", undefined],
      ["4", []],
      ["5", [{}]],
      ["6", [{ site: "a" }, { site: "b" }]],
    ] as const) {
      live.send({ type: "subscribe", id, metric: "clicks", ...(groups && { groups }) });
      const snapshot = await live.next<SnapshotMessage>();
      expect([snapshot.type, snapshot.id]).toEqual(["snapshot", id]);
      expect(groupsOf(snapshot)).toEqual(["a"]);
    }
    const now = Date.now();
    await project.post(
      ["b", "a", "b"].map((site) => ({ name: "click", ts: now, props: { site, secret: "yes" } })),
    );
    for (let frames = 0; frames < 4; frames++) {
      const delta = await live.nextText();
      expect(delta).toContain('"site":"a"');
      expect(delta).not.toContain('"site":"b"');
    }
  });

  it("[I9] compact frames spell no other group, also where others have been told of it", async () => {
    const project = await withClicks();
    const { token } = await mint(project, { metrics: ["clicks"], groups: [{ site: "a" }] });
    const told = new Map<string, string>();
    const open = async (key: string): Promise<WebSocket> => {
      const response = await exports.default.fetch("http://freshet.test/v1/live", {
        headers: { upgrade: "websocket", "sec-websocket-protocol": `${COMPACT_SUBPROTOCOL}, ${key}` },
      });
      const socket = response.webSocket;
      if (socket === null) throw new Error(`no socket: ${response.status}`);
      socket.binaryType = "arraybuffer";
      socket.addEventListener("message", ({ data }) => {
        const text = typeof data === "string" ? data : new TextDecoder().decode(data as ArrayBuffer);
        told.set(key, (told.get(key) ?? "") + text);
      });
      socket.accept();
      socket.send(JSON.stringify({ type: "subscribe", id: "1", metric: "clicks" }));
      return socket;
    };
    const tells = async (key: string, text: string) => {
      for (let tries = 0; told.get(key)?.includes(text) !== true && tries < 100; tries++)
        await scheduler.wait(50);
      return told.get(key)?.includes(text) === true;
    };
    const sockets = [await open(project.key("read"))];
    expect(await tells(project.key("read"), '"site":"b"')).toBe(true);
    sockets.push(await open(token));
    expect(await tells(token, '"site":"a"')).toBe(true);
    const now = Date.now();
    await project.post(
      ["late", "a"].map((site) => ({ name: "click", ts: now, props: { site, secret: "yes" } })),
    );
    expect(await tells(project.key("read"), '"site":"late"')).toBe(true);
    await scheduler.wait(500);
    expect(told.get(token)).not.toMatch(/"site":"(b|late)"/);
    for (const socket of sockets) socket.close();
  });

  it("[I9] a key's socket is not restricted, whatever its client says in our header", async () => {
    const project = await withClicks();
    const share = encodeURIComponent(JSON.stringify({ id: "x", expiresMs: 1, scope: { metrics: [] } }));
    const response = await exports.default.fetch("http://freshet.test/v1/live", {
      headers: {
        upgrade: "websocket",
        "sec-websocket-protocol": `freshet.v1, ${project.key("read")}`,
        "x-freshet-share": share,
      },
    });
    if (response.webSocket === null) throw new Error("no socket");
    const live = new LiveSocket(response.webSocket, response.headers);
    live.send({ type: "subscribe", id: "1", metric: "clicks" });
    expect(groupsOf(await live.next<SnapshotMessage>())).toEqual(["a", "b"]);
  });

  it("[I9] is closed when the link is revoked, and when it expires", async () => {
    const project = await withClicks();
    const closed = (live: LiveSocket) =>
      new Promise<string>((resolve) => {
        live.socket.addEventListener("close", ({ code, reason }) => resolve(`${code} ${reason}`));
      });
    const { token, id } = await mint(project, { metrics: ["clicks"] });
    const other = await mint(project, { metrics: ["clicks"] });
    const [revoked, kept] = [await openLive(token), await openLive(other.token)];
    const end = closed(revoked);
    await call(project.key("admin"), "DELETE", `/v1/share/${id}`);
    expect(await end).toBe("4401 the share link has been revoked");
    kept.send({ type: "subscribe", id: "1", metric: "clicks" });
    expect((await kept.next<SnapshotMessage>()).type).toBe("snapshot");

    const hub = env.LIVE_HUB.getByName(project.name);
    await evictDurableObject(hub);
    await runInDurableObject(hub, (_, { storage }) => {
      storage.sql.exec("UPDATE live_shares SET expires_ms = ?", Date.now() - 1);
    });
    await evictDurableObject(hub);
    const expired = closed(kept);
    expect(await runDurableObjectAlarm(hub)).toBe(true);
    expect(await expired).toBe("4401 the share link has expired");
  });
});
