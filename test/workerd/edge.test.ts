import { env, exports } from "cloudflare:workers";
import { runInDurableObject } from "cloudflare:test";
import { describe, expect, it } from "vitest";
import type { QueryAnswer } from "../../protocol/series.ts";
import type { MetricSource } from "../../protocol/metric.ts";
import { hashKey } from "../../workers/authorize.ts";
import { TestProject } from "./project.ts";

interface IngestAnswer {
  accepted: number;
  rejected: { index: number; reason: string; message: string }[];
  duplicate: boolean;
  batch: string;
}

const COUNT: MetricSource = {
  name: "all",
  event: "e",
  aggregate: "count",
  window: { type: "tumbling", size: "1h" },
};

async function send(
  project: TestProject,
  body: BodyInit,
  headers: Record<string, string> = {},
): Promise<{ status: number; headers: Headers; body: IngestAnswer & { error: string; message: string } }> {
  const response = await exports.default.fetch("http://freshet.test/v1/events", {
    method: "POST",
    headers: { authorization: `Bearer ${project.key("write")}`, ...headers },
    body,
  });
  return { status: response.status, headers: response.headers, body: await response.json() };
}

async function gzip(text: string | ReadableStream<Uint8Array>): Promise<Uint8Array> {
  const stream = typeof text === "string" ? new Blob([text]).stream() : text;
  return new Uint8Array(await new Response(stream.pipeThrough(new CompressionStream("gzip"))).arrayBuffer());
}

describe("[I1] what ingest takes", () => {
  const event = JSON.stringify({ name: "e" });
  const bodies: [string, string, number][] = [
    ["one event", event, 1],
    ["an array", `[${event},${event}]`, 2],
    ["NDJSON", `${event}\n${event}\n\n${event}\n`, 3],
    ["NDJSON with CRLF", `${event}\r\n${event}\r\n`, 2],
    ["a wrapper", `{"events":[${event},${event}]}`, 2],
  ];

  it.each(bodies)("[I1] %s, plain and gzip, whatever the content type", async (_, text, events) => {
    const project = await TestProject.with(COUNT);
    for (const type of ["application/json", "text/plain", "application/x-protobuf", "image/png"]) {
      expect(await send(project, text, { "content-type": type })).toMatchObject({
        status: 202,
        body: { accepted: events, rejected: [], duplicate: false },
      });
    }
    expect((await send(project, await gzip(text))).body.accepted).toBe(events);
    expect(await project.sumWhen("all", 5 * events)).toBe(5 * events);
  });

  it("[I1] a half-valid body: what is valid counts, the rest is named", async () => {
    const project = await TestProject.with(COUNT);
    const lines = [
      event,
      "{broken",
      JSON.stringify({ name: "" }),
      JSON.stringify({ name: "e", foo: 1 }),
      event,
    ];
    const { status, body } = await send(project, lines.join("\n"));
    expect(status).toBe(202);
    expect(body.accepted).toBe(2);
    expect(body.rejected.map(({ index, reason }) => [index, reason])).toEqual([
      [1, "malformed"],
      [2, "name"],
      [3, "unknown_field"],
    ]);
    expect(await project.sumWhen("all", 2)).toBe(2);
  });

  it("[I1] lists a hundred rejections and counts them all", async () => {
    const project = await TestProject.with(COUNT);
    const { status, body } = await send(
      project,
      JSON.stringify(Array.from({ length: 250 }, () => ({ name: 1 }))),
    );
    expect(status).toBe(400);
    expect(Object.keys(body).sort()).toEqual(["accepted", "batch", "duplicate", "rejected"]);
    expect(body.accepted).toBe(0);
    expect(body.rejected).toHaveLength(100);
    const metrics = await (await exports.default.fetch("http://freshet.test/metrics")).text();
    expect(metrics).toMatch(
      /freshet_events_rejected_total\{batcher="[^"]+",reason="name"\} (25\d|[3-9]\d\d)/,
    );
  });
});

describe("[I2] what is acknowledged", () => {
  it("[I2] is in the event log when the answer comes", async () => {
    const project = await TestProject.with(COUNT);
    const before = await recordsOf(project);
    await send(project, '{"name":"e"}', { "idempotency-key": "kept" });
    expect(await recordsOf(project)).toBe(before + 1);
  });

  async function recordsOf(project: TestProject): Promise<number> {
    let found = 0;
    for (let p = 0; p < 4; p++) {
      const { segments } = await env.LOG_PARTITION.getByName(String(p)).read(0, 1e9);
      for (const { body } of segments) found += new TextDecoder().decode(body).split(project.name).length - 1;
    }
    return found;
  }
});

describe("[I3] batch ids", () => {
  it("[I3] by header, by body, and from the events' own ids", async () => {
    const project = await TestProject.with(COUNT);
    const own = '[{"name":"e","id":"1"},{"name":"e","id":"2"}]';
    expect((await send(project, own)).body.duplicate).toBe(false);
    expect((await send(project, own)).body.duplicate).toBe(true);
    const wrapped = '{"events":[{"name":"e"}],"batch":"b-1"}';
    expect((await send(project, wrapped)).body).toMatchObject({ duplicate: false, batch: "b-1" });
    expect((await send(project, wrapped)).body).toMatchObject({ duplicate: true, batch: "b-1" });
    const headers = { "idempotency-key": "h-1" };
    await send(project, '{"name":"e"}', headers);
    expect((await send(project, '{"name":"e"}', headers)).body).toMatchObject({
      duplicate: true,
      batch: "h-1",
    });
    expect(await project.sumWhen("all", 4)).toBe(4);
  });

  it("[I3] an id that cannot be a record's key is refused", async () => {
    const project = await TestProject.with(COUNT);
    const { status, body } = await send(project, '{"name":"e"}', { "idempotency-key": "x".repeat(129) });
    expect([status, body.error]).toEqual([400, "idempotency_key"]);
    expect(body.message).toContain("128 bytes");
  });
});

describe("[I4] time", () => {
  const iso = (ms: number): string => new Date(ms).toISOString();
  const hourMs = 3_600_000;

  it.each([
    ["epoch seconds", (ms: number) => Math.floor(ms / 1_000)],
    ["epoch milliseconds", (ms: number) => ms],
    ["epoch nanoseconds as a string", (ms: number) => `${ms}123456`],
    ["ISO 8601", iso],
    ["a corrected clock, an hour slow", (ms: number) => ms - hourMs, (ms: number) => iso(ms - hourMs)],
    ["a corrected clock, an hour fast", (ms: number) => ms + hourMs, (ms: number) => String(ms + hourMs)],
  ])("[I4] %s", async (_, tsAt, sentAt?: (ms: number) => string) => {
    const metric: MetricSource = { ...COUNT, window: { type: "tumbling", size: "1s" }, lateness: "1h" };
    const project = await TestProject.with(metric);
    const nowMs = Date.now();
    const headers = sentAt === undefined ? {} : { "sent-at": sentAt(nowMs) };
    const { status } = await send(project, JSON.stringify({ name: "e", ts: tsAt(nowMs) }), headers);
    expect(status).toBe(202);
    await project.sumWhen("all", 1);
    const [end = 0] = (await project.query("all")).series[0]?.t ?? [];
    // A time in whole seconds is up to a second before it.
    const sentMs = tsAt(nowMs) === Math.floor(nowMs / 1_000) ? nowMs - (nowMs % 1_000) : nowMs;
    expect(Math.abs(end - 500 - sentMs)).toBeLessThan(sentAt === undefined ? 501 : 5_000);
  });

  it("[I4] more than five seconds in the future is rejected as that", async () => {
    const project = await TestProject.with(COUNT);
    const { status, body } = await send(project, JSON.stringify({ name: "e", ts: Date.now() + 60_000 }));
    expect(status).toBe(400);
    expect(body.rejected[0]?.reason).toBe("future");
    expect(body.rejected[0]?.message).toMatch(
      /^ts lies (59|60)\d{3} ms in the future; the bound is 5000 ms$/,
    );
  });
});

describe("[I5] bounds", () => {
  const oversized = (props: Record<string, unknown>) => JSON.stringify({ name: "e", props });

  it.each([
    [
      "65 props",
      oversized(Object.fromEntries(Array.from({ length: 65 }, (_, i) => [`p${i}`, 1]))),
      "props has 65 entries; the bound is 64",
    ],
    ["a key of 129 bytes", oversized({ ["k".repeat(129)]: 1 }), "has 129 bytes; the bound is 128"],
    [
      "a value of 1,025 bytes",
      oversized({ k: "é".repeat(512) + "x" }),
      "the prop 'k' has 1025 bytes; the bound is 1024",
    ],
    ["a nested value", oversized({ k: { deep: [1] } }), "the prop 'k' is an object"],
    ["__proto__", '{"name":"e","props":{"__proto__":{"x":1}}}', "'__proto__', which is not allowed"],
    ["a lone surrogate", '{"name":"e","user":"\\ud800"}', "lone surrogate"],
    ["a number too large for a double", '{"name":"e","value":1e999}', "expected a finite number"],
  ])("[I5] %s", async (_, text, message) => {
    const { status, body } = await send(await TestProject.with(COUNT), text);
    expect(status).toBe(400);
    expect(body.rejected[0]?.message).toContain(message);
  });

  it.each([
    ["nothing", "", "the body is empty"],
    ["no JSON", "hello", "neither JSON nor NDJSON"],
    ["NaN", '[{"name":"e","value":NaN}]', "the body is not JSON"],
    ["no UTF-8", new Uint8Array([0x22, 0xff, 0x22]), "not UTF-8"],
    ["a hundred thousand brackets", "[".repeat(100_000), "the body is not JSON"],
  ])("[I5] %s is a 400 that says so", async (_, text, message) => {
    const { status, body } = await send(await TestProject.with(COUNT), text);
    expect([status, body.error]).toEqual([400, "malformed"]);
    expect(body.message).toContain(message);
  });

  it("[I5] a gzip stream that is cut short", async () => {
    const whole = await gzip(
      JSON.stringify(Array.from({ length: 100 }, (_, i) => ({ name: "e", value: i }))),
    );
    const { status, body } = await send(await TestProject.with(COUNT), whole.slice(0, -20));
    expect([status, body.error]).toEqual([400, "malformed"]);
    expect(body.message).toContain("gzip");
  });

  it("[I5] a zip bomb is given up at its bound", async () => {
    const chunk = new TextEncoder().encode(" ".repeat(1024 * 1024));
    let chunks = 0;
    const bomb = await gzip(
      new ReadableStream<Uint8Array>({
        pull(controller) {
          if (chunks++ < 64) controller.enqueue(chunk);
          else controller.close();
        },
      }),
    );
    expect(bomb.length).toBeLessThan(200_000);
    const { status, body } = await send(await TestProject.with(COUNT), bomb);
    expect([status, body.error]).toEqual([413, "too_large"]);
    expect(body.message).toMatch(/^the unpacked body has \d+ bytes or more; the bound is 20971520$/);
  });

  it("[I5] a body above 5 MiB, and 10,001 events", async () => {
    const project = await TestProject.with(COUNT);
    const large = await send(project, " ".repeat(5 * 1024 * 1024 + 1));
    expect([large.status, large.body.error]).toEqual([413, "too_large"]);
    expect(large.body.message).toContain("the bound is 5242880");
    const many = await send(project, '{"name":"e"}\n'.repeat(10_001));
    expect([many.status, many.body.error]).toEqual([413, "too_many_events"]);
    expect(many.body.message).toBe("the request has 10001 events; the bound is 10000");
    expect((await send(project, '{"name":"e"}\n'.repeat(10_000))).body.accepted).toBe(10_000);
    expect(await project.sumWhen("all", 10_000)).toBe(10_000);
  });
});

describe("[I7] keys", () => {
  it("[I7] by Bearer, Token, Basic, x-api-key and ?key=", async () => {
    const project = await TestProject.with(COUNT);
    const key = project.key("write");
    const ways: [Record<string, string>, string?][] = [
      [{ authorization: `Bearer ${key}` }],
      [{ authorization: `Token ${key}` }],
      [{ authorization: `Basic ${btoa(`${key}:`)}` }],
      [{ "x-api-key": key }],
      [{}, `?key=${key}`],
    ];
    for (const [headers, query = ""] of ways) {
      const init = { method: "POST", headers, body: '{"name":"e"}' };
      expect((await exports.default.fetch(`http://freshet.test/v1/events${query}`, init)).status).toBe(202);
    }
  });

  it("[I7] missing or unknown: 401; another role or project: 403", async () => {
    const project = await TestProject.with(COUNT);
    const post = (headers: Record<string, string>) =>
      exports.default.fetch("http://freshet.test/v1/events", {
        method: "POST",
        headers,
        body: '{"name":"e"}',
      });
    expect((await post({})).status).toBe(401);
    expect((await post({ "x-api-key": "no-such-key" })).status).toBe(401);
    const read = await post({ "x-api-key": project.key("read") });
    expect([read.status, ((await read.json()) as { error: string }).error]).toEqual([403, "wrong_role"]);
    const other = await post({ "x-api-key": project.key("write"), "x-freshet-project": "another" });
    expect([other.status, ((await other.json()) as { error: string }).error]).toEqual([403, "wrong_project"]);
  });

  it("[I7] an origin that is not on the list: 403, and a preflight is answered", async () => {
    const project = await TestProject.with(COUNT);
    const options = { origins: ["https://shop.example"] };
    await env.CATALOG.getByName("catalog").putKey(
      project.name,
      "page",
      await hashKey("a-page-key"),
      "write",
      options,
    );
    const from = (origin: string) =>
      send(project, '{"name":"e"}', { authorization: "Bearer a-page-key", origin });
    const wrong = await from("https://evil.example");
    expect([wrong.status, wrong.body.error]).toEqual([403, "wrong_origin"]);
    const right = await from("https://shop.example");
    expect(right.status).toBe(202);
    expect(right.headers.get("access-control-allow-origin")).toBe("https://shop.example");
    const preflight = await exports.default.fetch("http://freshet.test/v1/events", {
      method: "OPTIONS",
      headers: { origin: "https://shop.example", "access-control-request-method": "POST" },
    });
    expect(preflight.status).toBe(204);
    expect(preflight.headers.get("access-control-allow-headers")).toContain("idempotency-key");
  });

  it("[I7] beyond its rate: 429 with Retry-After and RateLimit-*", async () => {
    const project = await TestProject.with(COUNT);
    const options = { rateLimit: { requests: 3, perMs: 60_000 } };
    await env.CATALOG.getByName("catalog").putKey(
      project.name,
      "slow",
      await hashKey("a-slow-key"),
      "write",
      options,
    );
    const post = () => send(project, '{"name":"e"}', { authorization: "Bearer a-slow-key" });
    for (let left = 2; left >= 0; left--) {
      const passed = await post();
      expect([passed.status, passed.headers.get("ratelimit-remaining")]).toEqual([202, String(left)]);
    }
    const limited = await post();
    expect([limited.status, limited.body.error]).toEqual([429, "rate_limited"]);
    expect(limited.body.message).toContain("3 requests in 60000 ms");
    expect(Number(limited.headers.get("retry-after"))).toBeGreaterThan(0);
    expect(limited.headers.get("ratelimit-limit")).toBe("3");
    expect(limited.headers.get("ratelimit-remaining")).toBe("0");
  });

  it("[I7] are stored hashed", async () => {
    const project = await TestProject.with(COUNT);
    const rows = await runInDurableObject(env.CATALOG.getByName("catalog"), (_, { storage }) =>
      JSON.stringify(storage.sql.exec("SELECT * FROM keys").toArray()),
    );
    expect(rows).toContain(await hashKey(project.key("write")));
    expect(rows).not.toContain(project.key("write"));
  });
});

describe("[S2] queries", () => {
  const grouped: MetricSource = {
    ...COUNT,
    window: { type: "tumbling", size: "1s" },
    groupBy: ["g"],
    lateness: "1h",
  };

  async function filled(): Promise<{ project: TestProject; endMs: number }> {
    const project = await TestProject.with(grouped);
    const endMs = Math.floor(Date.now() / 10_000) * 10_000 - 10_000;
    const events = Array.from({ length: 20 }, (_, i) => ({
      name: "e",
      ts: endMs - 1 - i * 500,
      props: { g: i % 4 ? "a" : "b" },
    }));
    await send(project, JSON.stringify(events));
    await project.sumWhen("all", 20);
    return { project, endMs };
  }

  it("[S2] from, to, and the shape of the answer", async () => {
    const { project, endMs } = await filled();
    const answer = await project.query("all", `&from=${endMs - 3_000}&to=${new Date(endMs).toISOString()}`);
    expect(answer.metric).toBe("all");
    expect(answer.tiers).toEqual([{ tier: "live", from: endMs - 3_000, to: endMs }]);
    const a = answer.series.find(({ group }) => group["g"] === "a");
    expect(a?.t).toEqual([endMs - 3_000, endMs - 2_000, endMs - 1_000, endMs]);
    expect(a?.v).toEqual([2, 1, 2, 1]);
    expect(a?.s).toHaveLength(4);
  });

  it("[S2] a step that is not over is provisional, whatever of it is sealed", async () => {
    const project = await TestProject.with({ ...grouped, delay: "0s", lateness: "0s" });
    await send(project, JSON.stringify([{ name: "e", ts: Date.now() - 10_000, props: { g: "a" } }]));
    await project.sumWhen("all", 1);
    const { series } = await project.query("all", "&step=1d");
    expect(series[0]?.s.at(-1)).toBe(0);
  });

  it("[S2] in pages, each of which says where the next one begins", async () => {
    const { project, endMs } = await filled();
    const span = `&from=0&to=${endMs}&step=1s`;
    const first = await project.query("all", `${span}&limit=7`);
    expect(first.next).toBe(endMs - 3_000 + 1);
    expect(first.tiers.at(-1)?.to).toBe(endMs - 3_000);
    const second = await project.query("all", `&from=${first.next}&to=${endMs}&step=1s&limit=7`);
    expect(second.next).toBeUndefined();
    const whole = await project.query("all", `&from=${endMs - 9_999}&to=${endMs}&step=1s`);
    const ends = ({ series }: QueryAnswer) => series.find(({ group }) => group["g"] === "a")?.t ?? [];
    expect([...ends(first), ...ends(second)]).toEqual(ends(whole));
  });

  it("[S2] of a metric without a point a page is empty, and the last, however long the span", async () => {
    const project = await TestProject.with(grouped);
    const { series, next } = await project.query("all", "&from=0&to=now&step=1s&limit=7");
    expect([series, next]).toEqual([[], undefined]);
  });

  it("[S2] time to come makes no step coarser, no answer too large and no page", async () => {
    const { project, endMs } = await filled();
    const span = `&from=${endMs - 9_999}`;
    const now = await project.query("all", span);
    expect(now.series.length).toBe(2);
    for (const asked of ["&to=2999-12-31", "&to=2999-12-31&step=1s", "&to=2999-12-31&step=1s&limit=11000"]) {
      const { series, next } = await project.query("all", span + asked);
      expect([series, next]).toEqual([now.series, undefined]);
    }
    const { series } = await project.query("all", "&from=2998-12-31&to=2999-12-31&step=1s");
    expect(series).toEqual([]);
  });

  it("[S2] a deleted metric is unknown at once", async () => {
    const { project } = await filled();
    await env.CATALOG.getByName("catalog").remove(project.name, "metrics", "all");
    const headers = { "x-api-key": project.key("read") };
    const response = await exports.default.fetch("http://freshet.test/v1/query?metric=all", { headers });
    expect(response.status).toBe(404);
  });

  it("[S2] a step merges windows", async () => {
    const { project, endMs } = await filled();
    const { series } = await project.query("all", `&from=${endMs - 9_999}&to=${endMs}&step=10s&group=g:b`);
    expect(series).toMatchObject([{ group: { g: "b" }, t: [endMs], v: [5] }]);
  });

  it.each([
    ["no metric", "?", 400, "bad_query"],
    ["an unknown metric", "?metric=none", 404, "unknown_metric"],
    ["a time that is none", "?metric=all&from=yesterday", 400, "bad_query"],
    ["from after to", "?metric=all&from=now&to=now-1h", 400, "bad_query"],
    ["a step between windows", "?metric=all&step=1500ms", 400, "step"],
    ["too many points", "?metric=all&from=0&step=1s", 400, "points"],
    ["a group that is none", "?metric=all&group=x", 400, "bad_query"],
    ["pages of no points", "?metric=all&step=1s&limit=0", 400, "bad_query"],
    ["pages of too many points", "?metric=all&step=1s&limit=11001", 400, "bad_query"],
    ["pages without a step", "?metric=all&limit=100", 400, "bad_query"],
  ])("[S2] %s", async (_, query, status, code) => {
    const project = await TestProject.with(grouped);
    const headers = { "x-api-key": project.key("read") };
    const response = await exports.default.fetch(`http://freshet.test/v1/query${query}`, { headers });
    expect([response.status, ((await response.json()) as { error: string }).error]).toEqual([status, code]);
  });
});

describe("[O5] operating", () => {
  it("[O5] /healthz says which log it is and how far behind", async () => {
    const response = await exports.default.fetch("http://freshet.test/healthz");
    expect(await response.json()).toMatchObject({ status: "ok", log: "embedded", partitions: 4, lag: 0 });
  });

  it("[O5] /metrics is Prometheus text with what the objects count", async () => {
    const project = await TestProject.with(COUNT);
    await send(project, '{"name":"e"}');
    await project.sumWhen("all", 1);
    const text = await (await exports.default.fetch("http://freshet.test/metrics")).text();
    for (const line of text.trimEnd().split("\n")) {
      expect(line).toMatch(/^(# (HELP|TYPE) \w+ .+|\w+(\{(\w+="[^"]*",?)+\})? -?[\d.e+]+)$/);
    }
    for (const name of [
      "events_accepted",
      "events_rejected",
      "events_duplicate",
      "events_late",
      "groups_folded",
    ]) {
      expect(text).toContain(`# TYPE freshet_${name}_total counter`);
    }
    expect(text).toContain("# TYPE freshet_watermark_delay_seconds gauge");
    expect(text).toMatch(/freshet_log_lag_records\{partition="0"\} 0/);
  });
});

describe("[M1] the catalog", () => {
  const admin = (project: TestProject, path: string, method = "GET", body?: unknown) =>
    exports.default.fetch(`http://freshet.test/v1/catalog/${path}`, {
      method,
      headers: { "x-api-key": project.key("admin") },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });

  it("[M1] puts, gets, lists and deletes a metric", async () => {
    const project = await TestProject.with();
    expect((await admin(project, "metrics/all", "PUT", COUNT)).status).toBe(200);
    expect(await (await admin(project, "metrics/all")).json()).toEqual(COUNT);
    expect(await (await admin(project, "metrics")).json()).toEqual({ metrics: [COUNT] });
    expect((await admin(project, "metrics/all", "DELETE")).status).toBe(204);
    expect((await admin(project, "metrics/all")).status).toBe(404);
    expect((await admin(project, "metrics/all", "DELETE")).status).toBe(404);
  });

  it.each([
    [{ event: "" }, "event is"],
    [{ aggregate: "median(value)" }, 'aggregate is "median(value)"; expected count, rate'],
    [{ aggregate: "sum" }, "aggregate sum needs a field"],
    [{ window: { type: "hopping", size: "1m" } }, "window.type is"],
    [{ window: { type: "tumbling", size: "1 minute" } }, "window.size is"],
    [{ window: { type: "sliding", size: "1m" } }, "window.every is nothing"],
    [{ window: { type: "sliding", size: "1d", every: "1s" } }, "86400 panes a window; the bound is 3600"],
    [{ groupBy: "g" }, "groupBy is"],
    [{ lateness: "forever" }, "lateness is"],
    [{ maxGroups: 0 }, "maxGroups is 0; expected a whole number from 1 to 10000"],
    [{ colour: "red" }, 'unknown field "colour"'],
  ])("[M1] %j is refused with a message that names the field", async (fault, message) => {
    const project = await TestProject.with();
    const response = await admin(project, "metrics/all", "PUT", { ...COUNT, ...fault });
    expect(response.status).toBe(400);
    expect(((await response.json()) as { message: string }).message).toContain(message);
  });

  it("[M1] a dashboard is checked and kept", async () => {
    const project = await TestProject.with();
    const panel = { title: "All", kind: "line", metric: "all", width: 6, height: 2 };
    const dashboard = { name: "d", title: "D", range: "5m", panels: [panel] };
    expect((await admin(project, "dashboards/d", "PUT", dashboard)).status).toBe(200);
    expect(await (await admin(project, "dashboards")).json()).toEqual({ dashboards: [dashboard] });
    const wrong = await admin(project, "dashboards/d", "PUT", {
      ...dashboard,
      panels: [{ ...panel, kind: "pie" }],
    });
    expect(((await wrong.json()) as { message: string }).message).toContain(
      'panels[0].kind is "pie"; expected one of line',
    );
  });
});
