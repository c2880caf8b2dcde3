import { env, exports } from "cloudflare:workers";
import { runInDurableObject } from "cloudflare:test";
import { describe, expect, it } from "vitest";
import type { KeyOptions, KeyRole } from "../../durable-objects/catalog.ts";
import { hashKey } from "../../workers/authorize.ts";
import { LiveSocket, TestProject } from "./project.ts";

const ROOT = { "x-api-key": "a-root-key-for-tests" };

interface Answer {
  status: number;
  headers: Headers;
  body: { error?: string; message?: string; key?: string };
}

async function call(
  method: string,
  path: string,
  headers: Record<string, string>,
  body?: unknown,
): Promise<Answer> {
  const response = await exports.default.fetch(`http://freshet.test${path}`, {
    method,
    headers,
    ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
  });
  const text = await response.text();
  return {
    status: response.status,
    headers: response.headers,
    body: text === "" ? {} : (JSON.parse(text) as Answer["body"]),
  };
}

const post = (headers: Record<string, string>, query = "") =>
  call("POST", `/v1/events${query}`, headers, { name: "e" });

async function keyOf(project: TestProject, role: KeyRole, options: KeyOptions = {}): Promise<string> {
  const key = `key-${crypto.randomUUID()}`;
  await env.CATALOG.getByName("catalog").putKey(
    project.name,
    key.slice(0, 12),
    await hashKey(key),
    role,
    options,
  );
  return key;
}

describe("[I7] a key's way", () => {
  it.each<[string, (key: string) => Record<string, string>]>([
    ["Bearer, in any case and with blanks", (key) => ({ authorization: `  bEARER   ${key} ` })],
    ["Token", (key) => ({ authorization: `token ${key}` })],
    ["Basic, as the user", (key) => ({ authorization: `Basic ${btoa(`${key}:ignored`)}` })],
    ["Basic, as the password of nobody", (key) => ({ authorization: `basic ${btoa(`:${key}`)}` })],
    ["x-api-key", (key) => ({ "x-api-key": key })],
  ])("[I7] %s", async (_, headers) => {
    const project = await TestProject.with();
    expect((await post(headers(project.key("write")))).status).toBe(202);
  });

  it.each<[string, Record<string, string>, string, string]>([
    ["none", {}, "", "no key: send one as"],
    ["an empty parameter", {}, "?key=", "no key: send one as"],
    ["Bearer without a key", { authorization: "Bearer" }, "", "no key: send one as"],
    ["a scheme that is not known", { authorization: "Digest demo-write" }, "", "no key: send one as"],
    ["Basic that is no base64", { authorization: "Basic %%%" }, "", "no key: send one as"],
    ["an unknown key", { "x-api-key": "unknown-key" }, "", "the key is not known"],
    ["a forged token", { "x-api-key": "eyJh.eyJz.AAAA" }, "", "the share link is not valid"],
    ["the root key", ROOT, "", "the key is not known"],
    ["a stored hash for a key", { "x-api-key": "0".repeat(64) }, "", "the key is not known"],
  ])("[I7] %s: 401", async (_, headers, query, message) => {
    const answer = await post(headers, query);
    expect([answer.status, answer.body.error]).toEqual([401, "unauthorized"]);
    expect(answer.body.message).toContain(message);
    expect(answer.headers.get("www-authenticate")).toBe('Bearer realm="freshet"');
  });

  it("[I7] the hash that is stored is no key itself", async () => {
    const project = await TestProject.with();
    expect((await post({ "x-api-key": await hashKey(project.key("write")) })).status).toBe(401);
  });
});

describe("[I7] a key's role", () => {
  const METRIC = { event: "e", aggregate: "count", window: { type: "tumbling", size: "1s" } };

  it.each<[string, string, KeyRole[]]>([
    ["POST", "/v1/events", ["write", "admin"]],
    ["GET", "/v1/query?metric=none", ["read", "admin"]],
    ["GET", "/v1/catalog/metrics", ["read", "admin"]],
    ["GET", "/v1/catalog/dashboards", ["read", "admin"]],
    ["PUT", "/v1/catalog/metrics/m", ["admin"]],
    ["DELETE", "/v1/catalog/metrics/none", ["admin"]],
    ["PUT", "/v1/catalog/dashboards/d", ["admin"]],
    ["DELETE", "/v1/catalog/dashboards/none", ["admin"]],
  ])("[I7] %s %s is for %j", async (method, path, allowed) => {
    const project = await TestProject.with();
    for (const role of ["write", "read", "admin"] as const) {
      const body = method === "POST" ? { name: "e" } : { ...METRIC, panels: [] };
      const answer = await call(
        method,
        path,
        { "x-api-key": project.key(role) },
        method === "GET" ? undefined : body,
      );
      if (allowed.includes(role)) expect(answer.body.error, role).not.toBe("wrong_role");
      else {
        expect([answer.status, answer.body.error], role).toEqual([403, "wrong_role"]);
        expect(answer.body.message).toBe(`a ${role} key may not do this; expected ${allowed.join(" or ")}`);
      }
    }
  });

  it("[I7] a key sees nothing of another project", async () => {
    const [one, other] = [
      await TestProject.with({ name: "m", ...METRIC } as never),
      await TestProject.with(),
    ];
    const headers = { "x-api-key": other.key("admin") };
    expect((await call("GET", "/v1/catalog/metrics/m", headers)).body.error).toBe("unknown_metric");
    expect((await call("GET", "/v1/query?metric=m", headers)).body.error).toBe("unknown_metric");
    const named = await call("GET", `/v1/query?metric=m&project=${one.name}`, headers);
    expect([named.status, named.body.error]).toEqual([403, "wrong_project"]);
    const keys = await call("PUT", `/v1/catalog/projects/${one.name}/keys/x`, headers, { role: "read" });
    expect([keys.status, keys.body.error]).toEqual([403, "wrong_project"]);
  });
});

describe("[I7] making keys", () => {
  const put = (project: TestProject, id: string, body: unknown, headers = ROOT) =>
    call("PUT", `/v1/catalog/projects/${project.name}/keys/${id}`, headers, body);

  it("[I7] by the root key or the project's admin key, and they work at once", async () => {
    const project = await TestProject.with();
    for (const headers of [ROOT, { "x-api-key": project.key("admin") }]) {
      const made = await put(project, "made", { role: "write" }, headers);
      expect(made.status).toBe(200);
      expect((await post({ "x-api-key": made.body.key ?? "" })).status).toBe(202);
    }
    expect(
      (await put(project, "x", { role: "write" }, { "x-api-key": project.key("write") })).body.error,
    ).toBe("wrong_role");
  });

  it("[I7] a project and a key of it, where there was none before", async () => {
    const name = `new-${crypto.randomUUID().slice(0, 8)}`;
    const early = await call("PUT", `/v1/catalog/projects/${name}/keys/w`, ROOT, { role: "write" });
    expect([early.status, early.body.error]).toEqual([404, "unknown_project"]);
    expect((await call("PUT", `/v1/catalog/projects/${name}`, ROOT, {})).status).toBe(200);
    expect((await call("PUT", `/v1/catalog/projects/${name}/keys/w`, ROOT, { role: "write" })).status).toBe(
      200,
    );
    expect((await call("PUT", `/v1/catalog/projects/${name}`, {}, {})).status).toBe(401);
  });

  it("[I7] a deleted key is known no more", async () => {
    const project = await TestProject.with();
    const { body } = await put(project, "gone", { role: "write" });
    const path = `/v1/catalog/projects/${project.name}/keys/gone`;
    expect((await call("DELETE", path, ROOT)).status).toBe(204);
    expect((await post({ "x-api-key": body.key ?? "" })).status).toBe(401);
    expect((await call("DELETE", path, ROOT)).body.error).toBe("unknown_key");
  });

  it("[I7] nobody makes another project's key his own", async () => {
    const [shop, thief] = [await TestProject.with(), await TestProject.with()];
    const stolen = await put(
      thief,
      "mine",
      { key: shop.key("write"), role: "write" },
      { "x-api-key": thief.key("admin") },
    );
    expect([stolen.status, stolen.body.error]).toEqual([409, "key_taken"]);
    const grant = await env.CATALOG.getByName("catalog").authorize(await hashKey(shop.key("write")));
    expect(grant).toMatchObject({ project: shop.name, role: "write" });
    expect((await put(shop, "write", { key: shop.key("write"), role: "write" })).status).toBe(200);
  });

  it.each<[unknown, string]>([
    [["write"], "the key is an array; expected an object"],
    [{}, "role is nothing; expected one of write, read, admin"],
    [{ role: "root" }, 'role is "root"; expected one of write, read, admin'],
    [{ role: "read", key: "short" }, "key is not 8 to 128 letters, digits, . _ ~ -"],
    [{ role: "read", key: "with:colon-in-it" }, "key is not 8 to 128 letters"],
    [{ role: "read", key: "k".repeat(129) }, "key is not 8 to 128 letters"],
    [{ role: "read", origins: "https://a.example" }, 'origins is "https://a.example"; expected a list'],
    [
      { role: "read", origins: ["a.example"] },
      'origins[0] is "a.example"; expected an origin such as https://example.com',
    ],
    [{ role: "read", origins: ["https://a.example/"] }, "expected an origin such as https://example.com"],
    [{ role: "read", rateLimit: 5 }, "rateLimit.requests is nothing; expected a whole number of at least 1"],
    [
      { role: "read", rateLimit: { requests: 1, perMs: 0.5 } },
      "rateLimit.perMs is 0.5; expected a whole number",
    ],
  ])("[I7] %j is refused with a message that names the field", async (body, message) => {
    const answer = await put(await TestProject.with(), "k", body);
    expect([answer.status, answer.body.error]).toEqual([400, "invalid"]);
    expect(answer.body.message).toContain(message);
  });

  it("[I7] no table of the catalog holds a key in the clear", async () => {
    const project = await TestProject.with();
    const { body } = await put(project, "fresh", { role: "read" });
    const dump = await runInDurableObject(env.CATALOG.getByName("catalog"), (_, { storage }) => {
      const tables = storage.sql
        .exec<{ name: string }>(
          "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '\\_cf%' ESCAPE '\\'",
        )
        .toArray();
      return tables
        .map(({ name }) => JSON.stringify(storage.sql.exec(`SELECT * FROM ${name}`).toArray()))
        .join("\n");
    });
    expect(dump).toContain(await hashKey(body.key ?? ""));
    for (const key of [body.key ?? "", project.key("write"), project.key("admin"), ROOT["x-api-key"]])
      expect(dump).not.toContain(key);
  });
});

describe("[I7] a key's origins", () => {
  it("[I7] without an origin, or of another scheme or port, it is refused; each refusal can be read by the page", async () => {
    const project = await TestProject.with();
    const key = await keyOf(project, "write", { origins: ["https://shop.example"] });
    for (const origin of [
      "http://shop.example",
      "https://shop.example:8443",
      "https://shop.example.evil",
      "null",
    ]) {
      const answer = await post({ "x-api-key": key, origin });
      expect([answer.status, answer.body.error]).toEqual([403, "wrong_origin"]);
      expect(answer.body.message).toBe(`the key may not be used from the origin ${origin}`);
      expect(answer.headers.get("access-control-allow-origin")).toBe(origin);
    }
    expect((await post({ "x-api-key": key })).body.message).toContain("the origin (none)");
    expect((await post({ "x-api-key": key, origin: "https://shop.example" })).status).toBe(202);
  });

  it("[I7] every error of /v1 can be read by a page, with what it needs to come back", async () => {
    const headers = { origin: "https://any.example" };
    for (const [method, path] of [
      ["POST", "/v1/events"],
      ["GET", "/v1/query"],
      ["GET", "/v1/nothing"],
    ] as const) {
      const answer = await call(method, path, headers);
      expect(answer.headers.get("access-control-allow-origin"), path).toBe("https://any.example");
      expect(answer.headers.get("access-control-expose-headers"), path).toContain("retry-after");
      expect(answer.headers.get("access-control-allow-credentials"), path).toBeNull();
    }
  });
});

describe("[I7] a key's rate", () => {
  const limited = { rateLimit: { requests: 2, perMs: 600_000 } };

  it("[I7] counts one key's requests, not its neighbours'", async () => {
    const project = await TestProject.with();
    const [one, other] = [await keyOf(project, "write", limited), await keyOf(project, "write", limited)];
    const statuses: number[] = [];
    for (const key of [one, one, one, other]) statuses.push((await post({ "x-api-key": key })).status);
    expect(statuses).toEqual([202, 202, 429, 202]);
    const answer = await post({ "x-api-key": one });
    expect(answer.headers.get("ratelimit-reset")).toMatch(/^(599|600)$/);
    expect(answer.headers.get("retry-after")).toMatch(/^(299|300)$/);
  });

  it("[I7] holds under a burst that comes at once", async () => {
    const key = await keyOf(await TestProject.with(), "write", {
      rateLimit: { requests: 5, perMs: 600_000 },
    });
    const answers = await Promise.all(Array.from({ length: 12 }, () => post({ "x-api-key": key })));
    expect(answers.filter(({ status }) => status === 202)).toHaveLength(5);
    expect(answers.filter(({ status }) => status === 429)).toHaveLength(7);
  });

  it("[I7] holds for live sockets too, and lets them be opened", async () => {
    const key = await keyOf(await TestProject.with(), "read", limited);
    const open = () =>
      exports.default.fetch("http://freshet.test/v1/live", {
        headers: { upgrade: "websocket", "x-api-key": key },
      });
    for (let i = 0; i < 2; i++) {
      const response = await open();
      expect(response.status).toBe(101);
      if (response.webSocket === null) throw new Error("no socket");
      const live = new LiveSocket(response.webSocket, response.headers);
      live.send("ping");
      expect(await live.nextText()).toBe("pong");
    }
    expect((await open()).status).toBe(429);
  });
});
